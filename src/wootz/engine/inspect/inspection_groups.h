// Tensors of an inspection gathered by layer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wootz/engine/inspect/inspect.h"

namespace wootz {

/// A row of a report: a tensor, a layer, or the whole.
struct InspectedGroup {
  std::string name;
  std::size_t tensors = 0;
  std::size_t compared = 0;
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
  TensorStatistics statistics;  ///< over the compared tensors
};

/// "model.layers.3" of "model.layers.3.mlp.weight": up to the first number. Without a number the name less its last
/// component, or all of a name of one.
std::string_view layer_of(std::string_view tensor);

/// By layer, in natural order of names (2 before 10).
std::vector<InspectedGroup> layers_of(const Inspection& inspection);

/// Everything.
InspectedGroup total_of(const Inspection& inspection);

/// Whether a comes before b, numbers in them compared as numbers.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace wootz
