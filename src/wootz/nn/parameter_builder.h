// Internal to nn: how an architecture declares its parameters and finds them again.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "wootz/nn/config.h"
#include "wootz/nn/network.h"

namespace wootz {

struct NormParameters {
  ParameterIndex weight = 0;
  ParameterIndex offset = 0;
};

/// A module as the code that runs it knows it.
struct BlockModule {
  std::size_t number = 0;              ///< in Network::modules()
  std::vector<LinearParameters> maps;  ///< as in ModuleSpec::maps
};

class ParameterBuilder {
 public:
  ParameterBuilder(std::vector<ParameterSpec>& specs, std::vector<ModuleSpec>& modules)
      : specs_(&specs), modules_(&modules) {}

  ParameterIndex add(std::string name, std::vector<std::int64_t> shape);
  /// A weight [out, in] of matrix products and its bias: NAME.weight, NAME.bias.
  LinearParameters linear(const std::string& name, std::int64_t out, std::int64_t in);
  /// The same for the keys of an attention, whose bias is inert.
  LinearParameters key(const std::string& name, std::int64_t out, std::int64_t in);
  /// NAME.weight and NAME.bias, [width].
  NormParameters norm(const std::string& name, std::int64_t width);
  /// Declares maps that belong to one module and may be routed.
  BlockModule module(std::string name, ModuleKind kind, std::int64_t width, std::vector<LinearParameters> maps);

 private:
  std::vector<ParameterSpec>* specs_;
  std::vector<ModuleSpec>* modules_;
};

}  // namespace wootz
