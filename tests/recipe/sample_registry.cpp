#include "recipe/sample_registry.h"

namespace wootz::testing {
namespace {

ParamSpec number(std::string name, ParamScope scope, std::optional<double> fallback, double minimum, double maximum) {
  return {std::move(name), ParamType::kNumber, scope, fallback, "", minimum, maximum, {}};
}

ParamSpec weight(std::optional<double> fallback = std::nullopt) {
  const double infinity = std::numeric_limits<double>::infinity();
  return number("weight", ParamScope::kModel, fallback, -infinity, infinity);
}

ParamSpec flag(std::string name, double fallback) {
  return {std::move(name), ParamType::kFlag, ParamScope::kGlobal, fallback, "", 0.0, 1.0, {}};
}

ParamSpec scope() { return {"scope", ParamType::kChoice, ParamScope::kGlobal, 0.0, "", 0.0, 1.0, {"tensor", "model"}}; }

MethodSpec merge(std::string name, Lanes lanes, BaseUse base, std::vector<ParamSpec> parameters) {
  MethodSpec spec;
  spec.kind = MethodKind::kMerge;
  spec.name = std::move(name);
  spec.lanes = lanes;
  spec.base = base;
  spec.parameters = std::move(parameters);
  spec.combination.emplace();
  return spec;
}

MethodSpec transform(std::string name, std::vector<ParamSpec> parameters) {
  MethodSpec spec;
  spec.kind = MethodKind::kTransform;
  spec.name = std::move(name);
  spec.parameters = std::move(parameters);
  spec.transforms.emplace_back();
  return spec;
}

// density and epsilon each have a range, and their sum has one too.
std::string check_della(const ParamSet& values) {
  const std::vector<double>& densities = values.numbers("density");
  for (const double density : densities)
    if (density + values.number("epsilon") >= 1.0) return "density + epsilon must be below 1: lower one of them";
  return "";
}

Registry make() {
  Registry registry;
  registry.add(merge("linear", Lanes::kParameters, BaseUse::kNone, {weight(), flag("normalize", 1.0)}));
  registry.add(merge("task_arithmetic", Lanes::kTaskVectors, BaseUse::kRequired,
                     {weight(), number("lambda", ParamScope::kGlobal, 1.0, -100.0, 100.0)}));
  registry.add(
      merge("ties", Lanes::kTaskVectors, BaseUse::kRequired,
            {weight(), number("density", ParamScope::kModel, 1.0, 0.0, 1.0), flag("normalize", 1.0), scope()}));
  MethodSpec della = merge("della", Lanes::kTaskVectors, BaseUse::kRequired,
                           {weight(1.0), number("density", ParamScope::kModel, 0.5, 0.0, 1.0),
                            number("epsilon", ParamScope::kGlobal, 0.1, 0.0, 1.0)});
  della.check = check_della;
  registry.add(std::move(della));
  MethodSpec slerp = merge("slerp", Lanes::kParameters, BaseUse::kRequired,
                           {number("t", ParamScope::kGlobal, std::nullopt, 0.0, 1.0)});
  slerp.max_models = 1;
  registry.add(std::move(slerp));
  MethodSpec stock = merge("model_stock", Lanes::kParameters, BaseUse::kRequired, {});
  stock.min_models = 2;
  registry.add(std::move(stock));
  MethodSpec geodesic = merge("geodesic", Lanes::kParameters, BaseUse::kNone, {});
  geodesic.parameters.push_back({"max_iter", ParamType::kInteger, ParamScope::kGlobal, 10.0, "", 1.0, 1e9, {}});
  geodesic.min_models = 2;
  geodesic.max_models = 3;
  registry.add(std::move(geodesic));

  MethodSpec learner = merge(
      "learner", Lanes::kTaskVectors, BaseUse::kRequired,
      {number("init", ParamScope::kModel, 0.3, -100.0, 100.0),
       flag("clamp", 1.0),
       {.name = "granularity", .type = ParamType::kChoice, .fallback = 1.0, .choices = {"task", "layer", "block"}}});
  learner.presets = {{.name = "paper", .steps = 500, .batches_per_step = 2, .learning_rate = 1e-3, .clamp = true},
                     {.name = "fusionbench", .steps = 1000, .learning_rate = 1e-3}};
  registry.add(std::move(learner));

  MethodSpec trim = transform("ties", {number("density", ParamScope::kModel, std::nullopt, 0.0, 1.0), scope()});
  trim.transforms.front().scoped = true;
  registry.add(std::move(trim));
  registry.add(transform("dare", {number("density", ParamScope::kModel, 1.0, 0.0, 1.0)}));
  MethodSpec awd = transform("awd", {number("alpha", ParamScope::kGlobal, 0.1, 0.0, 1e9)});
  awd.min_models = 2;
  registry.add(std::move(awd));
  return registry;
}

}  // namespace

const Registry& sample_registry() {
  static const Registry registry = make();
  return registry;
}

}  // namespace wootz::testing
