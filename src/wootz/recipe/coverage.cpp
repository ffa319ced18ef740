// check_coverage: what only the tensor names can tell.
#include <algorithm>
#include <map>
#include <set>

#include "wootz/core/check.h"
#include "wootz/core/nearest.h"
#include "wootz/recipe/coefficients.h"
#include "wootz/recipe/resolve.h"
#include "wootz/recipe/validate.h"
#include "wootz/yaml/report.h"

namespace wootz {
namespace {

struct StageSettings {
  const MethodSpec* method;
  const std::vector<ParamSetting>* settings;
  const SourcePlace* place;
  const RecipeTransform* update = nullptr;  // of an entry of `update`, which no model has a say in
};

class CoverageCheck {
 public:
  CoverageCheck(const Recipe& recipe, const std::vector<std::string>& tensors)
      : recipe_(recipe), tensors_(tensors), places_(layer_places(tensors)) {}

  Diagnostics run() {
    std::vector<StageSettings> stages = {{recipe_.method, &recipe_.parameters, &recipe_.method_place}};
    for (const RecipeTransform& transform : recipe_.transforms)
      stages.push_back({transform.method, &transform.parameters, &transform.place});
    for (const RecipeTransform& update : recipe_.updates)
      stages.push_back({update.method, &update.parameters, &update.place, &update});
    for (const StageSettings& stage : stages) {
      check_filters(*stage.settings);
      if (check_values(stage)) check_combinations(stage);
    }
    for (const RecipeModel& model : recipe_.models) check_filters(model.parameters);
    return std::move(findings_);
  }

 private:
  // Whether every required parameter has a value for every tensor.
  bool check_values(const StageSettings& stage) {
    bool good = true;
    for (const ParamSpec& spec : stage.method->parameters) {
      if (takes_coefficients(*stage.method, recipe_, spec)) {
        WOOTZ_CHECK(recipe_.coefficients->table != nullptr);
        good = check_rows(*recipe_.coefficients->table, tensors_, findings_) && good;
        continue;
      }
      if (spec.fallback) continue;
      if (spec.scope == ParamScope::kGlobal || stage.update != nullptr) {
        good = check_value(stage, spec, nullptr) && good;
        continue;
      }
      for (const std::size_t lane : recipe_.lanes()) good = check_value(stage, spec, &recipe_.models[lane]) && good;
    }
    return good;
  }

  bool check_value(const StageSettings& stage, const ParamSpec& spec, const RecipeModel* model) {
    std::size_t missing = 0;
    const std::string* first = nullptr;
    for (const std::string& name : tensors_) {
      if (deciding_rule(*stage.method, recipe_, model, *stage.settings, spec, name) != nullptr) continue;
      if (missing++ == 0) first = &name;
    }
    if (missing == 0) return true;
    const std::string whose = model == nullptr ? "" : fmt::format(" of model {}", shown(model->reference));
    findings_.error(ErrorKind::kUsage, model == nullptr ? *stage.place : model->place,
                    fmt::format("'{}'{} has no value for {} of {} tensors (such as {}): none of its filters is in the "
                                "name; end its list with an entry that has no filter",
                                spec.name, whose, missing, tensors_.size(), shown(*first)));
    return false;
  }

  // Each distinct complaint once, with the first tensor it is about.
  void check_combinations(const StageSettings& stage) {
    if (!stage.method->check) return;
    if (stage.update != nullptr ? is_constant(*stage.update) : is_constant(*stage.method, recipe_, *stage.settings))
      return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      std::string problem = stage.method->check(values_of(stage, i));
      if (problem.empty() || !seen.insert(problem).second) continue;
      findings_.error(ErrorKind::kUsage, *stage.place,
                      fmt::format("{}: tensor {}: {}", stage.method->name, shown(tensors_[i]), problem));
    }
  }

  // The values of a stage for a tensor, by its number.
  ParamSet values_of(const StageSettings& stage, std::size_t tensor) const {
    if (stage.update != nullptr) return resolve_update_parameters(*stage.update, tensors_[tensor], places_[tensor]);
    return resolve_parameters(*stage.method, recipe_, *stage.settings, tensors_[tensor], places_[tensor]);
  }

  void check_filters(const std::vector<ParamSetting>& settings) {
    for (const ParamSetting& setting : settings)
      for (const ParamRule& rule : setting.rules) {
        const auto matches = [&](const std::string& name) { return name.find(rule.filter) != std::string::npos; };
        if (std::any_of(tensors_.begin(), tensors_.end(), matches)) continue;
        const std::string near = nearest_part(rule.filter);
        findings_.warning(rule.place, fmt::format("'{}': the filter {} is in no tensor name, so this entry never "
                                                  "applies{}",
                                                  setting.name, shown(rule.filter),
                                                  near.empty() ? "" : fmt::format(" (did you mean {}?)", shown(near))));
      }
  }

  // The run of as many dotted components of the tensor names as the filter has, nearest to it in spelling.
  std::string nearest_part(std::string_view filter) {
    const auto dots = static_cast<std::size_t>(std::count(filter.begin(), filter.end(), '.'));
    std::vector<std::string>& parts = parts_[dots];
    if (parts.empty()) parts = name_parts(dots);
    return std::string(nearest(filter, parts));
  }

  std::vector<std::string> name_parts(std::size_t dots) const {
    std::set<std::string_view> parts;
    for (const std::string_view name : tensors_)
      for (std::size_t begin = 0; begin < name.size();) {
        std::size_t end = name.find('.', begin);
        const std::size_t next = end;
        for (std::size_t i = 0; i < dots && end != std::string_view::npos; ++i) end = name.find('.', end + 1);
        parts.insert(name.substr(begin, end - begin));
        if (next == std::string_view::npos) break;
        begin = next + 1;
      }
    return {parts.begin(), parts.end()};
  }

  const Recipe& recipe_;
  const std::vector<std::string>& tensors_;
  std::vector<LayerPlace> places_;
  std::map<std::size_t, std::vector<std::string>> parts_;  // by the number of dots in them
  Diagnostics findings_;
};

}  // namespace

Diagnostics check_coverage(const Recipe& recipe, const std::vector<std::string>& tensor_names) {
  return CoverageCheck(recipe, tensor_names).run();
}

}  // namespace wootz
