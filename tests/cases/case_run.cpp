#include "cases/case_run.h"

#include <filesystem>

#include "support/checkpoint_builder.h"
#include "wootz/methods/registry.h"

namespace wootz::cases {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;  // of a file that is read back

using Values = std::function<const std::vector<double>&(const CaseTensor&)>;

void write_model(const std::string& folder, const std::vector<CaseTensor>& tensors, Dtype dtype, const Values& values) {
  std::vector<testing::TestTensor> stored;
  for (const CaseTensor& tensor : tensors)
    stored.push_back(testing::make_tensor(tensor.name, dtype, tensor.shape, values(tensor)));
  testing::write_checkpoint(folder, stored);
}

Result<MergePlan> plan_case(const std::string& folder, const std::string& text, std::uint64_t shard_size) {
  ParsedRecipe parsed = parse_recipe(text, folder + "/recipe.yml", builtin_methods());
  if (parsed.diagnostics.has_errors()) return tl::unexpected(parsed.diagnostics.to_error());
  OpenedSources opened = open_sources(posix_file_system(), parsed.recipe);
  PlannedMerge planned = plan_merge(std::move(parsed.recipe), std::move(opened), {.shard_size = shard_size});
  if (planned.diagnostics.has_errors()) return tl::unexpected(planned.diagnostics.to_error());
  return std::move(planned.plan);
}

}  // namespace

CaseModels::CaseModels(const std::vector<CaseTensor>& tensors, Dtype dtype) {
  write_model(
      folder_ / "base", tensors, dtype, [](const CaseTensor& tensor) -> auto& { return tensor.base; });
  for (std::size_t k = 0; k < tensors.front().models.size(); ++k)
    write_model(
        folder_ / fmt::format("m{}", k), tensors,
        dtype, [&](const CaseTensor& tensor) -> auto& { return tensor.models[k]; });
  for (const CaseTensor& tensor : tensors) names_.push_back(tensor.name);
}

Result<Output> CaseModels::run(const Case& one, const RunOptions& options, const std::string& extra) {
  const std::string out = folder_ / "out";
  std::filesystem::remove_all(out);
  WOOTZ_TRY(const MergePlan plan, plan_case(folder_.path(), recipe_of(one, extra), options.shard_size));
  MergeOptions merge;
  merge.schedule = {.max_memory = options.max_memory, .threads = options.threads};
  merge.sync = false;
  WOOTZ_RETURN_IF_ERROR(run_merge(posix_file_system(), plan, out, merge));

  Output output;
  const auto tensors = testing::read_checkpoint(out);
  for (const std::string& name : names_) {
    const testing::TestTensor& tensor = tensors.at(name);
    output.values.push_back(testing::decode_values(tensor.dtype, tensor.bytes));
    output.weights += tensor.bytes;
  }
  WOOTZ_TRY(output.manifest, read_text(posix_file_system(), out + "/wootz-manifest.json", kMostBytes));
  return output;
}

}  // namespace wootz::cases
