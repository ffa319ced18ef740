#include "wootz/adapt/coefficients.h"

#include <algorithm>
#include <map>

#include "wootz/nn/torch_headers.h"
#include "wootz/recipe/resolve.h"

namespace wootz {
namespace {

constexpr const char* kRest = "rest";

// The group of each tensor by the recipe's filters, the first that fits.
std::string group_by_filter(const std::vector<std::string>& filters, const std::string& tensor) {
  const auto found = std::find_if(filters.begin(), filters.end(),
                                  [&](const std::string& filter) { return tensor.find(filter) != std::string::npos; });
  return found == filters.end() ? kRest : *found;
}

std::string group_by_block(const Network& network, const std::string& tensor) {
  for (const NetworkStage& stage : network.stages())
    for (std::size_t p = stage.begin; p < stage.end; ++p)
      if (network.parameters()[p].name == tensor) return stage.name;
  return kRest;
}

// The flag of the recipe, or the preset's.
bool clamps(const MergePlan& plan) {
  const std::vector<ParamSetting>& settings = plan.recipe.parameters;
  const bool said = std::any_of(settings.begin(), settings.end(),
                                [](const ParamSetting& setting) { return setting.name == "clamp"; });
  return said ? plan.method_values().flag("clamp") : plan.recipe.adapt->clamp_by_default;
}

}  // namespace

Result<Coefficients> Coefficients::make(const MergePlan& plan, const Network& network) {
  Coefficients made;
  made.clamp_ = clamps(plan);
  std::map<std::string, std::size_t> known;
  std::vector<double> starts;
  for (const TensorContext* each : plan.contexts(plan.method_group())) {
    const TensorContext& context = *each;
    const std::string_view granularity = context.params.choice("granularity");
    std::string group = granularity == "task" ? "all" : context.name;
    if (granularity == "block") group = group_by_block(network, context.name);
    if (!plan.recipe.adapt->groups.empty()) group = group_by_filter(plan.recipe.adapt->groups, context.name);
    const std::vector<double>& start = context.params.numbers("init");
    const auto is_outside = [](double value) { return value < 0.0 || value > 1.0; };
    if (made.clamp_ && std::any_of(start.begin(), start.end(), is_outside))
      return fail(ErrorKind::kUsage,
                  "'init' is outside [0, 1], where 'clamp' keeps coefficients: change it, or write 'clamp: false'");
    const auto [entry, is_new] = known.emplace(group, made.groups_.size());
    if (is_new) {
      made.groups_.push_back(group);
      starts.insert(starts.end(), start.begin(), start.end());
    } else if (!std::equal(start.begin(), start.end(),
                           starts.begin() + static_cast<std::ptrdiff_t>(entry->second * start.size()))) {
      return fail(ErrorKind::kUsage,
                  "'{}' shares its coefficients with the other tensors of '{}', but starts from another 'init': give "
                  "them one value, or write 'granularity: layer'",
                  context.name, group);
    }
    made.group_of_.push_back(entry->second);
  }
  for (const std::string& filter : plan.recipe.adapt->groups)
    if (!known.contains(filter))
      return fail(ErrorKind::kUsage,
                  "'groups': '{}' is in the name of no tensor, or only of ones that an earlier filter takes", filter);
  const auto rows = static_cast<std::int64_t>(made.groups_.size());
  made.values_ = at::tensor(starts, at::kDouble).view({rows, -1}).clone();
  return made;
}

std::vector<double> Coefficients::of_tensor(std::size_t merged) const {
  const double* row = values_.const_data_ptr<double>() + group_of_[merged] * lanes();
  std::vector<double> values(row, row + lanes());
  if (clamp_)
    for (double& value : values) value = std::clamp(value, 0.0, 1.0);
  return values;
}

void Coefficients::add_gradient(std::size_t merged, std::span<const double> products,
                                const at::Tensor& gradient) const {
  const std::size_t first = group_of_[merged] * lanes();
  const double* values = values_.const_data_ptr<double>() + first;
  double* out = gradient.mutable_data_ptr<double>() + first;
  for (std::size_t k = 0; k < lanes(); ++k)
    if (!clamp_ || (values[k] >= 0.0 && values[k] <= 1.0)) out[k] += products[k];
}

}  // namespace wootz
