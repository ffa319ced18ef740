// AdaMerging (arXiv 2310.02575): the coefficients of task arithmetic, learned. Torch types.
#pragma once

#include "wootz/adapt/adapter_inputs.h"

namespace wootz {

/// `inputs` and what it points to must outlive the adapter.
Result<std::unique_ptr<Adapter>> make_adamerging(FileSystem& files, const AdapterInputs& inputs);

}  // namespace wootz
