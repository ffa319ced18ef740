#include "wootz/core/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace wootz {

std::optional<std::uint64_t> num_elements(const Shape& shape) {
  std::uint64_t product = 1;
  for (std::uint64_t dimension : shape)
    if (__builtin_mul_overflow(product, dimension, &product)) return std::nullopt;
  return product;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace wootz
