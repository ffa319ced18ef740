// WEMoE (arXiv 2402.00433) and E-WEMoE (arXiv 2410.21804): a static merge with routed modules, whose routers are
// learned. Torch types.
#pragma once

#include "wootz/adapt/adapter.h"
#include "wootz/adapt/adapter_inputs.h"

namespace wootz {

/// `inputs` and what it points to must outlive the adapter.
Result<std::unique_ptr<Adapter>> make_wemoe(FileSystem& files, const AdapterInputs& inputs);

}  // namespace wootz
