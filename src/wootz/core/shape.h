// Tensor shapes and their checked sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wootz {

/// Dimensions, outermost first; empty for a scalar.
using Shape = std::vector<std::uint64_t>;

/// The product of the dimensions (1 for a scalar), or nothing when it does not fit 64 bits.
std::optional<std::uint64_t> num_elements(const Shape& shape);

/// "[768, 3, 32, 32]"
std::string to_string(const Shape& shape);

}  // namespace wootz
