#include "wootz/engine/plan/plan.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "wootz/core/check.h"
#include "wootz/core/nearest.h"
#include "wootz/engine/plan/layout.h"

namespace wootz {
namespace {

// More of a kind than this are counted, not listed.
constexpr std::size_t kListed = 8;

std::string listed(const std::vector<std::string>& names) {
  std::string text = fmt::format(
      "{}",
      fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kListed)), ", "));
  if (names.size() > kListed) text += fmt::format(" and {} more", names.size() - kListed);
  return text;
}

class Planner {
 public:
  Planner(Recipe recipe, OpenedSources opened, const PlanOptions& options) {
    result_.plan.recipe = std::move(recipe);
    result_.plan.sources = std::move(opened.sources);
    result_.plan.options = options;
    result_.diagnostics = std::move(opened.diagnostics);
  }

  PlannedMerge run() && {
    if (result_.diagnostics.has_errors()) return std::move(result_);
    collect_tensors();
    report_unreached();
    if (plan().tensors.empty() && !result_.diagnostics.has_errors())
      result_.diagnostics.error(ErrorKind::kInput, {},
                                fmt::format("{}: holds no tensors", sources().donor().reference));
    if (result_.diagnostics.has_errors()) return std::move(result_);
    result_.diagnostics.append(check_coverage(plan().recipe, merged_names()));
    if (result_.diagnostics.has_errors()) return std::move(result_);
    build_stages();
    choose_outputs();
    lay_out(plan(), plan().options.shard_size);
    return std::move(result_);
  }

 private:
  MergePlan& plan() { return result_.plan; }
  Sources& sources() { return result_.plan.sources; }

  void incompatible(std::string message) {
    result_.diagnostics.error(ErrorKind::kIncompatible, {}, std::move(message));
  }

  void collect_tensors() {
    std::vector<std::vector<std::string>> missing(sources().models.size());
    for (const TensorInfo& donor : sources().donor().checkpoint.tensors()) {
      PlannedTensor tensor;
      tensor.name = donor.name;
      tensor.shape = donor.shape;
      tensor.size = donor.size;
      const std::uint64_t rows = donor.shape.size() < 2 ? 1 : donor.shape[0];
      tensor.row_size = rows == 0 ? donor.size : donor.size / rows;
      if (sources().base) tensor.base = &donor;
      bool usable = true;
      for (std::size_t lane : sources().lanes) {
        const TensorInfo* found = sources().models[lane].checkpoint.find(donor.name);
        if (found == nullptr) missing[lane].push_back(donor.name);
        if (found != nullptr && found->shape != donor.shape) {
          mismatch(donor, sources().models[lane], *found);
          usable = false;
        }
        tensor.lanes.push_back({lane, found});
      }
      if (usable) finish_tensor(donor, std::move(tensor));
    }
    for (std::size_t model = 0; model < missing.size(); ++model)
      if (!missing[model].empty()) report_missing(sources().models[model], missing[model]);
  }

  void mismatch(const TensorInfo& donor, const Source& other, const TensorInfo& found) {
    std::string message = fmt::format("{}: {} has shape {}, but {} has {}", donor.name, other.reference,
                                      to_string(found.shape), sources().donor().reference, to_string(donor.shape));
    const bool rows_differ = found.shape.size() == 2 && donor.shape.size() == 2 && found.shape[1] == donor.shape[1];
    if (rows_differ)
      message +=
          "; if its rows are a vocabulary, the models have different tokenizers: resize the embeddings to one size "
          "first";
    incompatible(std::move(message));
  }

  void report_missing(const Source& model, const std::vector<std::string>& names) {
    const bool can_allow = sources().base.has_value();
    std::string message =
        fmt::format("{} lacks {} of the {} tensors of {}: {}", model.reference, names.size(),
                    sources().donor().checkpoint.tensors().size(), sources().donor().reference, listed(names));
    if (names.size() == sources().donor().checkpoint.tensors().size())
      return incompatible(message + "; the models share no tensor name: are they of one architecture, saved alike?");
    if (plan().options.allow_missing && can_allow)
      return result_.diagnostics.warning({}, message + "; taken as equal to the base");
    incompatible(message + (can_allow ? "; pass --allow-missing to take them as equal to the base" : ""));
  }

  void finish_tensor(const TensorInfo& donor, PlannedTensor tensor) {
    bool floating = is_mergeable(donor.dtype);
    Dtype dtype = donor.dtype;
    for (const PlannedLane& lane : tensor.lanes) {
      if (lane.tensor == nullptr) continue;
      if (is_mergeable(lane.tensor->dtype) != floating || (!floating && lane.tensor->dtype != donor.dtype))
        return incompatible(fmt::format("{}: stored as {} in one model and as {} in another", donor.name,
                                        dtype_name(donor.dtype), dtype_name(lane.tensor->dtype)));
      if (floating) dtype = promote(dtype, lane.tensor->dtype);
    }
    if (donor.dtype == Dtype::kF8E4M3 || donor.dtype == Dtype::kF8E5M2)
      return incompatible(fmt::format("{}: {} weights cannot be merged; convert the models to BF16 first", donor.name,
                                      dtype_name(donor.dtype)));
    const Recipe& recipe = plan().recipe;
    if (floating && (recipe.out_dtype || recipe.dtype)) dtype = recipe.out_dtype ? *recipe.out_dtype : *recipe.dtype;
    tensor.dtype = dtype;
    if (floating) {
      tensor.merged = plan().merged_tensors.size();
      plan().merged_tensors.push_back(plan().tensors.size());
    }
    plan().tensors.push_back(std::move(tensor));
  }

  // Names in other models that the donor lacks would be lost: say so.
  void report_unreached() {
    for (std::size_t model = 0; model < sources().models.size(); ++model) {
      std::vector<std::string> lost;
      if (model == sources().donor_index()) continue;
      for (const TensorInfo& tensor : sources().models[model].checkpoint.tensors())
        if (sources().donor().checkpoint.find(tensor.name) == nullptr) lost.push_back(tensor.name);
      if (lost.empty()) continue;
      result_.diagnostics.warning(
          {}, fmt::format("{} has {} that {} lacks, lost in the output: {}", sources().models[model].reference,
                          lost.size() == 1 ? "a tensor" : fmt::format("{} tensors", lost.size()),
                          sources().donor().reference, listed(lost)));
    }
  }

  std::vector<std::string> merged_names() {
    std::vector<std::string> names;
    for (std::size_t index : plan().merged_tensors) names.push_back(plan().tensors[index].name);
    return names;
  }

  void build_stages() {
    const Recipe& recipe = plan().recipe;
    const auto of_lanes = [&](const MethodSpec& method, const std::vector<ParamSetting>& settings) {
      add_group(method, sources().lanes.size(), [&](const std::string& name, LayerPlace place) {
        return resolve_parameters(method, recipe, settings, name, place);
      });
    };
    for (const RecipeTransform& transform : recipe.transforms) of_lanes(*transform.method, transform.parameters);
    of_lanes(*recipe.method, recipe.parameters);
    plan().combination = plan().stages.size();
    plan().stages.push_back({nullptr, plan().method_group(), false, recipe.method->name});
    plan().takes_task_vectors = plan().combination > 0 || recipe.method->lanes == Lanes::kTaskVectors ||
                                (plan().options.keep_lanes && sources().base.has_value());
    plan().restores_parameters = plan().takes_task_vectors && recipe.method->lanes == Lanes::kParameters;
    for (const RecipeTransform& update : recipe.updates)
      add_group(*update.method, 1, [&](const std::string& name, LayerPlace place) {
        return resolve_update_parameters(update, name, place);
      });
    for (const std::size_t index : plan().merged_tensors) ask_needs(plan().tensors[index]);
  }

  // The parameters of a method for every tensor, and the stages of its transforms, which work on `models` lanes.
  template <typename Resolve>
  void add_group(const MethodSpec& method, std::size_t models, const Resolve& resolve) {
    const std::vector<LayerPlace> places = layer_places(merged_names());
    std::size_t group = 0;
    for (std::size_t m = 0; m < plan().merged_tensors.size(); ++m) {
      PlannedTensor& tensor = plan().tensors[plan().merged_tensors[m]];
      group = tensor.contexts.size();
      tensor.contexts.push_back({tensor.name, tensor.shape, tensor.size, tensor.row_size, models, plan().recipe.seed,
                                 resolve(tensor.name, places[m]), plan().stages.size()});
    }
    for (const TransformSpec& transform : method.transforms) {
      const bool whole_model = transform.scoped && !plan().merged_tensors.empty() &&
                               plan().context(group, 0).params.choice("scope") == "model";
      plan().stages.push_back({&transform, group, whole_model, method.name});
    }
  }

  void choose_outputs() {
    const PlanOptions& options = plan().options;
    WOOTZ_CHECK(options.keep_model || options.keep_lanes);
    if (options.keep_model) plan().outputs.push_back({"", std::nullopt, {}});
    for (std::size_t lane = 0; options.keep_lanes && lane < sources().lanes.size(); ++lane)
      plan().outputs.push_back({std::to_string(lane), lane, {}});
    for (PlannedTensor& tensor : plan().tensors) {
      tensor.bytes = 0;
      for (const PlannedOutput& output : plan().outputs) {
        std::optional<PlannedPlace>& place = tensor.places.emplace_back();
        if (output.lane && !tensor.merged) continue;
        const Dtype dtype = output.lane ? Dtype::kF32 : tensor.dtype;
        place = PlannedPlace{dtype, tensor.size * item_size(dtype)};
        tensor.bytes += place->bytes;
      }
    }
  }

  void ask_needs(PlannedTensor& tensor) {
    for (const PlannedStage& stage : plan().stages) {
      const TensorContext& context = tensor.contexts[stage.group];
      const StageNeeds& needs =
          tensor.needs.emplace_back(stage.transform != nullptr ? stage.transform->needs_for(context)
                                                               : plan().recipe.method->combination->needs_for(context));
      WOOTZ_CHECK(!stage.whole_model || needs.granularity != Granularity::kMatrix);
      if (needs.granularity == Granularity::kRow) tensor.blocks = Granularity::kRow;
    }
  }

  PlannedMerge result_;
};

}  // namespace

std::uint64_t MergePlan::input_bytes() const {
  std::uint64_t total = 0;
  for (const PlannedTensor& tensor : tensors) {
    if (tensor.base != nullptr) total += tensor.base->bytes;
    for (const PlannedLane& lane : tensor.lanes)
      if (lane.tensor != nullptr) total += lane.tensor->bytes;
  }
  return total;
}

std::vector<const TensorContext*> MergePlan::contexts(std::size_t group) const {
  std::vector<const TensorContext*> contexts;
  for (const std::size_t index : merged_tensors) contexts.push_back(&tensors[index].contexts[group]);
  return contexts;
}

std::uint64_t MergePlan::output_bytes() const {
  std::uint64_t total = 0;
  for (const PlannedOutput& output : outputs)
    for (const OutputShard& shard : output.shards) total += shard.size;
  return total;
}

PlannedMerge plan_merge(Recipe recipe, OpenedSources opened, const PlanOptions& options) {
  return Planner(std::move(recipe), std::move(opened), options).run();
}

}  // namespace wootz
