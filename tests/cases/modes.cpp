#include "cases/modes.h"

#include <hwy/targets.h>

#include <algorithm>
#include <cmath>

#include "oracle/oracles.h"
#include "wootz/methods/registry.h"

namespace wootz::cases {
namespace {

/// The values of a method's parameters for a case, as the recipe's reader finds them.
ParamSet params_of(const MethodSpec& spec, const Use& use, std::size_t models) {
  const auto named = numbers_of(spec, use);
  std::vector<std::vector<double>> numbers;
  for (const ParamSpec& param : spec.parameters) {
    const auto found = named.find(param.name);
    std::vector<double>& values = numbers.emplace_back();
    values = found != named.end() ? found->second : std::vector{param.fallback.value_or(1.0)};
    if (param.scope == ParamScope::kModel && values.size() == 1) values.assign(models, values.front());
  }
  return ParamSet(spec.parameters, std::move(numbers));
}

const MethodSpec& spec_of(MethodKind kind, const Use& use) { return *builtin_methods().find(kind, use.name); }

/// What the oracles make of a case's models; the error names a method without one.
Result<oracle::Vectors> oracle_values(const Case& one, const std::vector<CaseTensor>& tensors) {
  const MethodSpec& method = spec_of(MethodKind::kMerge, one.method);
  oracle::Stage stage{.params = params_of(method, one.method, one.models), .seed = one.seed};
  for (const CaseTensor& tensor : tensors)
    stage.tensors.push_back(
        {tensor.name, tensor.shape, tensor.row_size(), tensor.base,
         method.lanes == Lanes::kTaskVectors ? oracle::task_vectors(tensor.base, tensor.models) : tensor.models});
  for (const Use& use : one.transforms) {
    const oracle::Oracles::Transform* found = oracle::oracles().find_transform(use.name);
    if (found == nullptr)
      return fail(ErrorKind::kUsage, "the transform '{}' has no oracle: add one to tests/oracle/library", use.name);
    stage.params = params_of(spec_of(MethodKind::kTransform, use), use, one.models);
    found->run(stage);
    stage.number += found->stages;
  }
  const oracle::MergeOracle* merge = oracle::oracles().find_merge(one.method.name);
  if (merge == nullptr)
    return fail(ErrorKind::kUsage, "the method '{}' has no oracle: add one to tests/oracle/library", one.method.name);
  stage.params = params_of(method, one.method, one.models);
  return (*merge)(stage);
}

std::string place_of(const CaseTensor& tensor, std::size_t element) {
  return fmt::format("{} {}, element {}", tensor.name, to_string(tensor.shape), element);
}

double largest_change(const CaseTensor& tensor, const std::vector<double>& merged) {
  double largest = 0.0;
  for (std::size_t i = 0; i < merged.size(); ++i) largest = std::max(largest, std::abs(merged[i] - tensor.base[i]));
  return largest;
}

Verdict compare(const Case& one, Dtype dtype, const std::vector<CaseTensor>& tensors, const Output& output,
                const oracle::Vectors& expected) {
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const double allowed = one.error * largest_change(tensors[t], expected[t]);
    for (std::size_t i = 0; i < expected[t].size(); ++i) {
      const std::int64_t apart = ulps_between(dtype, output.values[t][i], expected[t][i]);
      if (apart > one.ulps && !(std::abs(output.values[t][i] - expected[t][i]) <= allowed))
        return fmt::format("{}, {}: {} instead of {}, {} ulps apart", dtype_name(dtype), place_of(tensors[t], i),
                           output.values[t][i], expected[t][i], apart);
    }
  }
  return {};
}

/// Runs the body on each instruction set of this machine in turn, until one fails.
Verdict on_every_target(const std::function<Verdict()>& body) {
  Verdict verdict;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    verdict = body();
    if (verdict) *verdict = fmt::format("{}: {}", hwy::TargetName(target), *verdict);
    if (verdict) break;
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return verdict;
}

constexpr Mode kModes[] = {{"oracle", check_oracle}, {"laws", check_laws}, {"determinism", check_determinism}};

}  // namespace

Runner engine_runner() {
  return [](CaseModels& models, const Case& one, const RunOptions& options, const std::string& extra) {
    return models.run(one, options, extra);
  };
}

Verdict check_oracle(const Case& one, const Runner& runner) {
  for (const Dtype dtype : one.dtypes) {
    const std::vector<CaseTensor> tensors = make_data(one, dtype);
    const auto expected = oracle_values(one, tensors);
    if (!expected) return expected.error().message;
    CaseModels models(tensors, dtype);
    const auto output = runner(models, one, {}, fmt::format("out_dtype: {}\n", torch_name(dtype)));
    if (!output) return output.error().message;
    if (Verdict verdict = compare(one, dtype, tensors, *output, *expected)) return verdict;
  }
  return {};
}

Verdict check_determinism(const Case& one, const Runner& runner) {
  constexpr std::uint64_t kMebi = 1 << 20;
  const Dtype dtype = one.dtypes.front();
  CaseModels models(make_data(one, dtype), dtype);
  // Sums of float64 values are not exact, so that their order would show.
  const std::string exact = "out_dtype: float64\n";
  const auto expected = runner(models, one, {}, exact);
  if (!expected) return expected.error().message;
  const auto same = [&](const RunOptions& options, const char* what) -> Verdict {
    const auto output = runner(models, one, options, exact);
    if (!output) return fmt::format("{}: {}", what, output.error().message);
    if (output->weights != expected->weights) return fmt::format("{}: other values", what);
    const bool same_files = options.shard_size == RunOptions{}.shard_size;
    if (same_files && output->manifest != expected->manifest) return fmt::format("{}: another manifest", what);
    return {};
  };
  if (Verdict verdict = same({.threads = 3}, "three threads")) return verdict;
  if (Verdict verdict = same({.threads = 2, .max_memory = 64 * kMebi}, "64 MiB")) return verdict;
  if (Verdict verdict = same({.threads = 2, .shard_size = 100'000}, "several files")) return verdict;
  return on_every_target([&] { return same({}, "one thread"); });
}

std::span<const Mode> modes() { return kModes; }

}  // namespace wootz::cases
