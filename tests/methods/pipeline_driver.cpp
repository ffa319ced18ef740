#include "methods/pipeline_driver.h"

#include <algorithm>
#include <random>

#include "wootz/core/check.h"

namespace wootz::testing {
namespace {

void must(const Result<>& result) { WOOTZ_CHECK(result.has_value()); }

struct BlockRange {
  std::uint64_t first;
  std::uint64_t size;
};

/// One stage of the pipeline and the tensors each of its objects serves.
struct DrivenStage {
  std::vector<TensorContext> contexts;      // by tensor
  std::vector<const TensorContext*> scope;  // pointers to them
  bool shared = false;
  std::vector<std::unique_ptr<Transform>> transforms;  // one, or one a tensor
  std::vector<std::unique_ptr<Combination>> combinations;

  Stage& stage(std::size_t tensor) {
    if (!combinations.empty()) return *combinations[tensor];
    return *transforms[shared ? 0 : tensor];
  }
  std::size_t number(std::size_t tensor) const { return shared ? tensor : 0; }
};

class Driver {
 public:
  Driver(const MethodSpec& method, const Values& values, const std::vector<TestTensor>& tensors,
         const DriverOptions& options, const std::vector<TransformUse>& transforms)
      : method_(method), tensors_(tensors), options_(options) {
    for (const TransformUse& use : transforms) {
      const MethodSpec* spec = builtin_methods().find(MethodKind::kTransform, use.name);
      WOOTZ_CHECK(spec != nullptr);
      add_transforms(*spec, use.values);
    }
    add_transforms(method, values);
    std::vector<TensorContext> made = contexts(method, values);
    DrivenStage& last = add_stage(std::move(made), method.combination->needs);
    for (const TensorContext*& context : last.scope)
      last.combinations.push_back(method.combination->make(StageScope(std::span(&context, 1))).value());
  }

  DriverResult run() {
    for (std::size_t s = 0; s < stages_.size(); ++s) prepare(s);
    for (std::size_t t = 0; t < tensors_.size(); ++t) combine(t);
    for (auto& stage : stages_)
      for (Fact& fact : stage.stage(0).facts(stage.number(0))) result_.facts[fact.name] = fact.values;
    return std::move(result_);
  }

 private:
  std::vector<TensorContext> contexts(const MethodSpec& spec, const Values& values) const {
    std::vector<TensorContext> contexts;
    for (const TestTensor& tensor : tensors_) {
      const std::uint64_t size = *num_elements(tensor.shape);
      const std::uint64_t rows = tensor.shape.size() < 2 ? 1 : tensor.shape[0];
      contexts.push_back({.name = tensor.name,
                          .shape = tensor.shape,
                          .size = size,
                          .row_size = rows == 0 ? 0 : size / rows,
                          .models = tensor.models.size(),
                          .seed = options_.seed,
                          .params = make_params(spec, values, tensor.models.size()),
                          .stage = stages_.size()});
    }
    return contexts;
  }

  void add_transforms(const MethodSpec& spec, const Values& values) {
    for (const TransformSpec& transform : spec.transforms) {
      std::vector<TensorContext> made = contexts(spec, values);
      DrivenStage& stage = add_stage(std::move(made), transform.needs);
      stage.shared = transform.scoped && stage.contexts.front().params.choice("scope") == "model";
      if (stage.shared)
        stage.transforms.push_back(transform.make(StageScope(stage.scope)).value());
      else
        for (const TensorContext*& context : stage.scope)
          stage.transforms.push_back(transform.make(StageScope(std::span(&context, 1))).value());
    }
  }

  DrivenStage& add_stage(std::vector<TensorContext> contexts, const NeedsOf& needs) {
    DrivenStage& stage = stages_.emplace_back();
    stage.contexts = std::move(contexts);
    for (const TensorContext& context : stage.contexts) {
      stage.scope.push_back(&context);
      if (needs && needs(context).granularity == Granularity::kRow) granularity_ = Granularity::kRow;
    }
    return stage;
  }

  std::uint64_t size(std::size_t tensor) const { return stages_.front().contexts[tensor].size; }

  std::vector<BlockRange> cut(std::size_t tensor, std::uint64_t piece) const {
    const TensorContext& context = stages_.front().contexts[tensor];
    std::uint64_t first = piece * options_.piece;
    std::uint64_t end = std::min(context.size, first + options_.piece);
    std::uint64_t step = options_.block;
    if (granularity_ == Granularity::kRow) {
      const auto up = [&](std::uint64_t at) {
        return (at + context.row_size - 1) / context.row_size * context.row_size;
      };
      first = up(first);
      end = std::min(context.size, up(end));
      step = std::max<std::uint64_t>(1, step / context.row_size) * context.row_size;
    }
    std::vector<BlockRange> blocks;
    for (std::uint64_t at = first; at < end; at += step) blocks.push_back({at, std::min(step, end - at)});
    return blocks;
  }

  std::uint64_t pieces(std::size_t tensor) const { return (size(tensor) + options_.piece - 1) / options_.piece; }

  /// Every stride-th block, or the first ones.
  std::vector<BlockRange> sample(std::vector<BlockRange> blocks, std::uint64_t piece, std::uint64_t wanted,
                                 std::uint64_t total) const {
    if (wanted >= total) return blocks;
    std::vector<BlockRange> chosen;
    if (options_.sample_front) {
      if (piece * options_.piece < wanted) return blocks;
      return chosen;
    }
    const std::uint64_t stride = std::max<std::uint64_t>(1, total / wanted);
    for (std::size_t i = 0; i < blocks.size(); ++i)
      if ((piece * 64 + i) % stride == 0) chosen.push_back(blocks[i]);
    return chosen;
  }

  /// The block's base and lanes, after the stages before `count`.
  Block widen(std::size_t tensor, const BlockRange& range, std::size_t count,
              std::vector<std::unique_ptr<PieceState>>& states) {
    const TestTensor& source = tensors_[tensor];
    const std::size_t models = source.models.size();
    lanes_.resize(models);
    pointers_.resize(models);
    const bool task_vectors = stages_.size() > 1 || method_.lanes == Lanes::kTaskVectors;
    for (std::size_t k = 0; k < models; ++k) {
      lanes_[k].resize(range.size);
      for (std::size_t i = 0; i < range.size; ++i)
        lanes_[k][i] = source.models[k][range.first + i] - (task_vectors ? source.base[range.first + i] : 0.0);
      pointers_[k] = lanes_[k].data();
    }
    base_.assign(source.base.begin() + static_cast<std::ptrdiff_t>(range.first),
                 source.base.begin() + static_cast<std::ptrdiff_t>(range.first + range.size));
    const Block block{.first = range.first, .size = range.size, .base = base_.data(), .lanes = pointers_};
    for (std::size_t s = 0; s < std::min(count, stages_.size() - 1); ++s) {
      auto& stage = stages_[s];
      must(stage.transforms[stage.shared ? 0 : tensor]->apply(stage.number(tensor), states[s].get(), block));
    }
    if (count + 1 >= stages_.size() && task_vectors && method_.lanes == Lanes::kParameters)
      for (auto& lane : lanes_)
        for (std::size_t i = 0; i < lane.size(); ++i) lane[i] += base_[i];
    return block;
  }

  std::vector<std::unique_ptr<PieceState>> begin(std::size_t tensor, std::uint64_t piece, std::size_t count) {
    std::vector<std::unique_ptr<PieceState>> states;
    for (std::size_t s = 0; s < count; ++s)
      states.push_back(stages_[s].stage(tensor).begin_piece(stages_[s].number(tensor), piece));
    return states;
  }

  void prepare(std::size_t s) {
    if (stages_[s].shared) {
      std::vector<std::size_t> all(tensors_.size());
      for (std::size_t t = 0; t < all.size(); ++t) all[t] = t;
      run_passes(s, all);
      return;
    }
    for (std::size_t t = 0; t < tensors_.size(); ++t) run_passes(s, {t});
  }

  void run_passes(std::size_t s, const std::vector<std::size_t>& scope) {
    std::uint64_t total = 0;
    for (const std::size_t tensor : scope) total += size(tensor);
    // A stage that never ends would hang a merge.
    for (int guard = 0; Pass* pass = stages_[s].stage(scope.front()).next_pass().value(); ++guard) {
      WOOTZ_CHECK(guard < 64);
      ++(pass->sample_size() >= total ? result_.full_passes : result_.sampled_passes);
      run_pass(s, scope, *pass, total);
    }
  }

  void run_pass(std::size_t s, const std::vector<std::size_t>& scope, Pass& pass, std::uint64_t total) {
    struct Unit {
      std::size_t tensor;
      std::uint64_t piece;
      std::unique_ptr<PieceState> state = {};
    };
    std::vector<Unit> units;
    for (const std::size_t tensor : scope)
      for (std::uint64_t piece = 0; piece < pieces(tensor); ++piece) units.push_back({tensor, piece});
    for (const std::size_t u : order(units.size())) {
      Unit& unit = units[u];
      const auto blocks = sample(cut(unit.tensor, unit.piece), unit.piece, pass.sample_size(), total);
      if (blocks.empty()) continue;
      const std::size_t number = stages_[s].number(unit.tensor);
      unit.state = pass.begin(number, unit.piece);
      auto states = begin(unit.tensor, unit.piece, s);
      for (const BlockRange& range : blocks) must(pass.add(*unit.state, number, widen(unit.tensor, range, s, states)));
    }
    for (Unit& unit : units)
      if (unit.state) pass.merge(stages_[s].number(unit.tensor), unit.piece, *unit.state);
  }

  std::vector<std::size_t> order(std::size_t count) const {
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    std::mt19937_64 random(options_.shuffle);
    if (options_.shuffle != 0) std::shuffle(order.begin(), order.end(), random);
    return order;
  }

  void combine(std::size_t tensor) {
    std::vector<double>& out = result_.outputs.emplace_back(size(tensor));
    auto& kept = result_.lanes.emplace_back(tensors_[tensor].models.size(), std::vector<double>(size(tensor)));
    for (const std::size_t piece : order(pieces(tensor))) {
      auto states = begin(tensor, piece, stages_.size());
      for (const BlockRange& range : cut(tensor, piece)) {
        const Block block = widen(tensor, range, stages_.size(), states);
        for (std::size_t k = 0; k < kept.size(); ++k)
          std::copy_n(block.lanes[k], range.size, kept[k].begin() + static_cast<std::ptrdiff_t>(range.first));
        must(stages_.back().combinations[tensor]->combine(0, states.back().get(), block, out.data() + range.first));
      }
    }
  }

  const MethodSpec& method_;
  const std::vector<TestTensor>& tensors_;
  DriverOptions options_;
  Granularity granularity_ = Granularity::kElement;
  std::vector<DrivenStage> stages_;
  DriverResult result_;
  std::vector<std::vector<double>> lanes_;
  std::vector<double*> pointers_;
  std::vector<double> base_;
};

}  // namespace

ParamSet make_params(const MethodSpec& spec, const Values& values, std::size_t models) {
  std::vector<std::vector<double>> resolved;
  for (const ParamSpec& param : spec.parameters) {
    const auto given = values.find(param.name);
    std::vector<double> numbers = given != values.end() ? given->second : std::vector{param.fallback.value_or(1.0)};
    if (param.scope == ParamScope::kModel && numbers.size() == 1) numbers.assign(models, numbers.front());
    WOOTZ_CHECK(numbers.size() == (param.scope == ParamScope::kModel ? models : 1));
    resolved.push_back(std::move(numbers));
  }
  for (const auto& entry : values)  // a misspelt name would test the default
    WOOTZ_CHECK(std::any_of(spec.parameters.begin(), spec.parameters.end(),
                            [&](const ParamSpec& param) { return param.name == entry.first; }));
  return ParamSet(spec.parameters, std::move(resolved));
}

DriverResult merge(const std::string& method, const Values& values, const std::vector<TestTensor>& tensors,
                   const DriverOptions& options, const std::vector<TransformUse>& transforms) {
  const MethodSpec* spec = builtin_methods().find(MethodKind::kMerge, method);
  WOOTZ_CHECK(spec != nullptr);
  return Driver(*spec, values, tensors, options, transforms).run();
}

}  // namespace wootz::testing
