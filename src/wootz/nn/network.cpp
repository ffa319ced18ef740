#include "wootz/nn/network.h"

#include <algorithm>

#include "wootz/core/check.h"
#include "wootz/nn/architecture.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {

at::Tensor Network::logits(const ParameterList& /*parameters*/, const NetworkInput& /*input*/) const {
  WOOTZ_CHECK(false);
  return {};
}

ParameterList with_precision(const Network& network, const ParameterList& parameters, Precision precision) {
  if (precision == Precision::kFloat32) return parameters;
  ParameterList cast = parameters;
  for (std::size_t i = 0; i < cast.size(); ++i)
    if (network.parameters()[i].matrix) cast[i] = cast[i].to(at::kBFloat16);
  return cast;
}

Result<std::unique_ptr<Network>> make_network(const ModelConfig& config, const TensorNames& names,
                                              std::string_view architecture) {
  static const ArchitectureTable table = [] {
    ArchitectureTable built;
    register_architectures(built);
    return built;
  }();
  const std::string type = config.model_type();
  std::string known;
  for (const Architecture& entry : table) {
    const bool fits = architecture.empty() ? std::count(entry.model_types.begin(), entry.model_types.end(), type) > 0
                                           : entry.name == architecture;
    if (fits) {
      WOOTZ_TRY(std::unique_ptr<Network> network, entry.make(config, names));
      return network;
    }
    for (const std::string& each : entry.model_types) known += (known.empty() ? "" : ", ") + each;
  }
  return fail(ErrorKind::kInput, "{}: 'model_type' is '{}'; Wootz runs {}", config.file(), type, known);
}

}  // namespace wootz
