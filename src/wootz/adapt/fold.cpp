#include "wootz/adapt/fold.h"

#include <map>
#include <nlohmann/json.hpp>

#include "wootz/core/check.h"
#include "wootz/engine/output/replaceable.h"
#include "wootz/engine/output/run_directory.h"
#include "wootz/engine/output/side_files.h"
#include "wootz/nn/architecture.h"
#include "wootz/nn/device.h"
#include "wootz/nn/load_parameters.h"
#include "wootz/nn/routed_model.h"
#include "wootz/nn/torch_headers.h"
#include "wootz/nn/write_checkpoint.h"

namespace wootz {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kRecordName = "wootz-fold.json";

// The merged weights and biases of all routed maps, by tensor name, and the record of how they came about.
class Folder {
 public:
  Folder(const Network& network, const NetworkWeights& weights) : network_(network), weights_(weights) {}

  void fold_all(const std::vector<double>& coefficients) {
    const auto& modules = weights_.routing->modules;
    const auto count = static_cast<std::int64_t>(modules.size());
    const at::Tensor given = at::tensor(coefficients, at::kDouble).view({count, -1});
    std::int64_t position = 0;
    for (const auto& [module, routed] : modules) {
      WOOTZ_CHECK(!coefficients.empty() || !routed.router.needs_input());
      fold_module(module, coefficients.empty() ? routed.router.parameters[0].to(at::kDouble) : given[position++]);
    }
  }

  /// The merged values of a tensor; undefined for one of the static part.
  at::Tensor merged_tensor(const std::string& name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? at::Tensor() : found->second;
  }
  const Json& record() const { return record_; }

 private:
  void fold_module(std::size_t module, const at::Tensor& coefficients) {
    const ModuleSpec& spec = network_.modules()[module];
    const RoutedModule& routed = weights_.routing->modules.at(module);
    for (std::size_t m = 0; m < spec.maps.size(); ++m) {
      const auto [weight, bias] = merged(routed.maps[m], coefficients);
      tensors_[network_.parameters()[spec.maps[m].weight].name] = weight.to(at::kFloat);
      tensors_[network_.parameters()[spec.maps[m].bias].name] = bias.to(at::kFloat);
    }
    const double* values = coefficients.const_data_ptr<double>();
    record_[spec.name] = std::vector<double>(values, values + coefficients.numel());
  }

  const Network& network_;
  const NetworkWeights& weights_;
  std::map<std::string, at::Tensor> tensors_;
  Json record_ = Json::object();
};

// What belongs to the static part alone, and config.json as the base had it.
Result<> write_companions(FileSystem& files, const std::string& from, const std::string& directory) {
  constexpr std::uint64_t kLargest = 16'000'000;
  WOOTZ_RETURN_IF_ERROR(copy_companions(files, from, directory, {"config.json", kModelingFile}));
  WOOTZ_TRY(const std::string text, read_text(files, join_path(from, "config.json"), kLargest));
  const std::string base = Json::parse(text).at(kBaseConfigKey).dump(2) + "\n";  // it was loaded before
  return write_text_atomically(files, join_path(directory, "config.json"), base);
}

}  // namespace

Result<> fold(FileSystem& files, const std::string& directory, const std::string& given_output,
              const std::vector<double>& coefficients, const FoldOptions& options) {
  const std::string output = output_path(given_output);
  WOOTZ_RETURN_IF_ERROR(check_output(files, output, options.overwrite, "", {directory}));
  WOOTZ_TRY(const Checkpoint checkpoint, Checkpoint::open(files, directory));
  WOOTZ_TRY(const ModelConfig config, ModelConfig::load(files, checkpoint.directory()));
  WOOTZ_TRY(const auto network, make_network(base_config(config), tensor_names(checkpoint)));
  WOOTZ_TRY(ParameterList values, load_parameters(checkpoint, *network));
  WOOTZ_TRY(const NetworkWeights weights, load_routed_weights(files, config, *network, std::move(values), at::kCPU));
  Folder folder(*network, weights);
  WOOTZ_RETURN_IF_ERROR(guarded([&] {
    folder.fold_all(coefficients);
    return true;
  }));
  const Json record = {{"from", directory}, {"comment", options.comment}, {"coefficients", folder.record()}};
  if (files.exists(output + ".wootz-partial"))
    return fail(ErrorKind::kUsage, "'{}.wootz-partial' holds an unfinished run: let it go on, or remove it", output);
  WOOTZ_TRY(const auto run, RunDirectory::open(files, output, "fold", options.overwrite));
  WOOTZ_TRY(const std::string made, run->output_directory());
  WOOTZ_RETURN_IF_ERROR(write_changed_checkpoint(
      files, checkpoint, [&](const std::string& name) { return folder.merged_tensor(name); }, made));
  WOOTZ_RETURN_IF_ERROR(write_companions(files, checkpoint.directory(), made));
  WOOTZ_RETURN_IF_ERROR(write_text_atomically(files, join_path(made, kRecordName),
                                              record.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"));
  return run->publish(options.overwrite);
}

}  // namespace wootz
