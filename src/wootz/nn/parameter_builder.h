// Internal to nn: how an architecture declares its parameters and finds them again.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "wootz/nn/config.h"
#include "wootz/nn/network.h"

namespace wootz {

/// Where a parameter stands in the list.
using ParameterIndex = std::size_t;

struct LinearParameters {
  ParameterIndex weight = 0;  ///< [out, in]
  ParameterIndex bias = 0;    ///< [out]
};

struct NormParameters {
  ParameterIndex weight = 0;
  ParameterIndex offset = 0;
};

class ParameterBuilder {
 public:
  explicit ParameterBuilder(std::vector<ParameterSpec>& specs) : specs_(&specs) {}

  ParameterIndex add(std::string name, std::vector<std::int64_t> shape);
  /// A weight [out, in] of matrix products and its bias: NAME.weight, NAME.bias.
  LinearParameters linear(const std::string& name, std::int64_t out, std::int64_t in);
  /// The same for the keys of an attention, whose bias is inert.
  LinearParameters key(const std::string& name, std::int64_t out, std::int64_t in);
  /// NAME.weight and NAME.bias, [width].
  NormParameters norm(const std::string& name, std::int64_t width);

 private:
  std::vector<ParameterSpec>* specs_;
};

}  // namespace wootz
