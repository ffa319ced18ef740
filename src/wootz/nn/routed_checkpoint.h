// The directory of a model with routed modules: what config.json says, and the experts and routers beside the static
// weights. docs/formats/routed_model.md describes it. Torch types.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wootz/io/routed_model_type.h"
#include "wootz/nn/config.h"
#include "wootz/nn/expert_storage.h"
#include "wootz/nn/routing.h"

namespace wootz {

inline constexpr const char* kBaseConfigKey = "base_config";
inline constexpr const char* kExpertsFile = "experts.safetensors";
inline constexpr const char* kModelingFile = "modeling_wootz.py";

/// What routers look like and which modules have one.
struct RoutingSpec {
  std::vector<std::string> experts;  ///< names, for people
  std::vector<std::size_t> modules;  ///< numbers in Network::modules(), ascending
  std::int64_t router_layers = 2;    ///< 0: constants, 1: a linear map, 2: with a hidden layer
  bool shared_router = false;        ///< one for all modules, which must be of one width
  std::int64_t layer_code = 0;       ///< numbers that tell modules apart, appended to a shared router's input; even
  ExpertStorage storage = ExpertStorage::kDense;
  bool batch_average = false;
};

/// The names and shapes of a router's parameters, in the order of Router::parameters.
struct RouterTensor {
  std::string name;  ///< "output.bias"
  std::vector<std::int64_t> shape;
};
std::vector<RouterTensor> router_tensors(const RoutingSpec& spec, std::int64_t width);

/// The prefix of the names of a module's router: "routers.MODULE." or "router.".
std::string router_prefix(const RoutingSpec& spec, const ModuleSpec& module);

/// What a shared router is told of the `position`-th routed module: sines, then cosines, as transformers code places.
/// Undefined without a code.
at::Tensor layer_code(const RoutingSpec& spec, std::size_t position);

/// The experts and biases of a routed module, as its directory keeps them.
struct StoredModule {
  std::vector<StoredExperts> maps;  ///< as in ModuleSpec::maps
  std::vector<at::Tensor> biases;   ///< [K, out] float32, likewise
};

/// What a directory holds beside the static weights.
struct RoutedParts {
  RoutingSpec spec;
  std::map<std::size_t, StoredModule> modules;             ///< by number; for writing, dense ones may be absent
  std::map<std::size_t, std::vector<at::Tensor>> routers;  ///< likewise; the same tensors where it is shared
};

bool is_routed(const ModelConfig& config);

/// Reads `directory`. Fails (kInput) naming the file and the tensor that is missing or of another shape than the rest
/// asks for, or two files that belong to different models.
Result<RoutedParts> load_routed_parts(FileSystem& files, const std::string& directory, const ModelConfig& config,
                                      const Network& network);

/// Gives the experts of a module that RoutedParts::modules does not have; dense ones.
using ReadModule = std::function<Result<StoredModule>(std::size_t module)>;

/// Writes the experts and routers into `directory`, which holds the static weights and the base's config.json, and
/// makes it the directory of a routed model. One module at a time of those that `read` gives is in memory.
Result<> write_routed_parts(FileSystem& files, const std::string& directory, const RoutedParts& parts,
                            const Network& network, const ReadModule& read);

}  // namespace wootz
