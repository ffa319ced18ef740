#include "wootz/adapt/wemoe.h"

#include <algorithm>
#include <cmath>

#include "wootz/adapt/routed_experts.h"
#include "wootz/adapt/static_merge.h"
#include "wootz/core/rng.h"
#include "wootz/engine/output/add_side_files.h"
#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

constexpr double kRouterDeviation = 0.01;
// Of what a network's own way back keeps: a routed module keeps its router's hidden layer (a width of some 16) beside
// it, and sums where a plain one adds in place.
constexpr double kRoutedActivations = 1.2;

using Starts = std::vector<std::vector<double>>;  // the recipe's `init` of each of the plan's merged tensors, [K]

// Normal numbers that depend on seed and name alone.
void fill_normal(const at::Tensor& out, double deviation, const std::string& name, std::uint64_t seed) {
  const RngKey key = rng_key(seed, name, 0);
  float* values = out.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i)
    values[i] = static_cast<float>(deviation * random_normal(key, static_cast<std::uint64_t>(i)));
}

RoutingSpec routing_spec(const MergePlan& plan, const Network& network) {
  const ParamSet& values = plan.method_values();
  RoutingSpec spec;
  for (const std::size_t lane : plan.recipe.lanes()) spec.experts.push_back(plan.recipe.models[lane].reference);
  const std::string_view kind = values.choice("modules");
  for (std::size_t m = 0; m < network.modules().size(); ++m) {
    const bool is_mlp = network.modules()[m].kind == ModuleKind::kMlp;
    if (kind == "all" || (kind == "mlp") == is_mlp) spec.modules.push_back(m);
  }
  spec.router_layers = std::lround(values.number("router_layers"));
  spec.shared_router = values.flag("shared_router");
  spec.layer_code = std::lround(values.number("layer_code"));
  spec.storage = storage_named(values.choice("storage")).value();
  spec.batch_average = values.flag("batch_average");
  return spec;
}

class Wemoe : public Adapter {
 public:
  Wemoe(FileSystem& files, const AdapterInputs& inputs) : files_(files), inputs_(inputs), network_(*inputs.network) {}

  Result<> open() {
    const MergePlan& plan = *inputs_.plan;
    WOOTZ_TRY(merged_of_, merged_numbers(plan, network_));
    parts_.spec = routing_spec(plan, network_);
    for (const TensorContext* context : plan.contexts(plan.method_group()))
      starts_.push_back(context->params.numbers("init"));
    for (std::size_t p = 0; p < network_.parameters().size(); ++p) is_routed_.push_back(false);
    for (const std::size_t module : parts_.spec.modules)
      for (const LinearParameters& map : network_.modules()[module].maps)
        is_routed_[map.weight] = is_routed_[map.bias] = true;
    WOOTZ_RETURN_IF_ERROR(open_vectors());
    WOOTZ_RETURN_IF_ERROR(plan_memory());
    WOOTZ_RETURN_IF_ERROR(make_experts());
    WOOTZ_RETURN_IF_ERROR(make_routers());
    pass_.emplace(network_, inputs_.output, inputs_.precision, plan_.segments);
    return {};
  }

  const std::vector<LearnedValue>& values() const override { return values_; }
  const PassPlan& pass() const override { return plan_; }

  Result<double> learn(const std::vector<MicroBatch>& batches, const LossFunction& loss,
                       std::vector<at::Tensor>& gradients) override {
    std::vector<at::Tensor> leaves;
    for (const LearnedValue& each : values_) leaves.push_back(each.value.detach().requires_grad_(true));
    Weights weights(*this, leaves);
    WOOTZ_TRY(const double total, pass_->learn(batches, weights, loss));
    gradients.clear();
    for (const at::Tensor& leaf : leaves)
      gradients.push_back(leaf.grad().defined() ? leaf.grad().to(at::kDouble) : at::zeros_like(leaf, at::kDouble));
    return total;
  }

  Result<std::vector<at::Tensor>> run(const std::vector<MicroBatch>& batches) override {
    std::vector<at::Tensor> values;
    for (const LearnedValue& each : values_) values.push_back(each.value);
    Weights weights(*this, values);
    return pass_->run(batches, weights);
  }

  // The static part is merged by the engine, with the base's own weights in the routed modules; experts and routers
  // come beside it.
  Result<> write(FileSystem& files, const WriteOptions& options) override {
    std::vector<bool> keeps_base(inputs_.plan->merged_tensors.size());
    for (std::size_t p = 0; p < is_routed_.size(); ++p) keeps_base[merged_of_[p]] = is_routed_[p];
    const auto coefficients = [&](std::size_t merged) {
      return keeps_base[merged] ? std::vector<double>(vectors_->lanes(), 0.0) : starts_[merged];
    };
    kept_.reset();
    maps_.clear();  // learning is over: their memory is wanted for writing
    WriteOptions of_static_part = options;
    of_static_part.comment += fmt::format("; this is its static part, the rest is in {}", kExpertsFile);
    WOOTZ_RETURN_IF_ERROR(write_static_merge(files, *inputs_.plan, coefficients, of_static_part));
    for (std::size_t i = 0; i < parts_.spec.modules.size(); ++i)
      parts_.routers[parts_.spec.modules[i]] = router_values(i, [&](std::size_t v) { return values_[v].value; });
    const auto read = [&](std::size_t module) { return store_module(network_, module, *vectors_, settings_); };
    WOOTZ_RETURN_IF_ERROR(write_routed_parts(files, options.directory, parts_, network_, read));
    WOOTZ_RETURN_IF_ERROR(
        write_text_atomically(files, join_path(options.directory, "README.md"), card(options.comment)));
    return add_side_files(files, options.directory, {"README.md", "config.json", kExpertsFile, kModelingFile});
  }

 private:
  // The model card; that of the static merge would tell half of it.
  std::string card(const std::string& comment) const {
    std::string text =
        "---\nlibrary_name: transformers\ntags: [merge, wootz, wemoe]\n---\n\n# A model with routed modules\n\n";
    text += fmt::format("{}. Its experts:\n\n", comment);
    for (const std::string& expert : parts_.spec.experts) text += fmt::format("- {}\n", expert);
    text +=
        "\nRouters merge the experts anew for every input. Run it by `wootz eval`, or in Python by\n\n"
        "    AutoModel.from_pretrained(DIR, trust_remote_code=True)\n\n"
        "`wootz fold` makes a plain checkpoint of it, for given data.\n";
    return text;
  }

  // What one pass runs on: the static weights, and the routing with one set of the routers' values.
  class Weights : public SegmentWeights {
   public:
    Weights(Wemoe& wemoe, const std::vector<at::Tensor>& values) : wemoe_(wemoe), values_(values) {}

    Result<NetworkWeights> open(const Segment& segment, bool learning) override {
      WOOTZ_TRY(NetworkWeights weights, wemoe_.static_weights(segment));
      WOOTZ_TRY(weights.routing, wemoe_.routing(segment, values_, learning));
      return weights;
    }
    Result<> close(const Segment&, const NetworkWeights&) override { return {}; }

   private:
    Wemoe& wemoe_;
    const std::vector<at::Tensor>& values_;
  };

  // Whole experts stay in memory where they fit beside a step; otherwise they are read for every use. Others always do,
  // but sparse ones on a GPU, where they are whole: these stay in the processor's.
  Result<> plan_memory() {
    const PassSize size{inputs_.step_items, inputs_.tokens, 1.0, inputs_.precision,
                        kRoutedActivations * inputs_.activations()};
    const std::uint64_t experts = expert_bytes();
    Result<PassPlan> beside = plan_pass(network_, size, inputs_.max_memory - std::min(inputs_.max_memory, experts));
    resident_ = beside.has_value();
    const bool can_wait = settings_.storage == ExpertStorage::kDense ||
                          (settings_.storage == ExpertStorage::kSparse && !inputs_.device.is_cpu());
    if (!resident_ && !can_wait) return tl::unexpected(std::move(beside).error());
    if (!resident_) beside = plan_pass(network_, size, inputs_.max_memory);
    WOOTZ_TRY(plan_, std::move(beside));
    if (resident_) plan_.memory += experts;
    return {};
  }

  // Of the experts of all routed modules as a step uses them.
  std::uint64_t expert_bytes() const {
    const std::uint64_t base = dense_bytes(network_, parts_.spec.modules, 0);
    const double all = static_cast<double>(base) * static_cast<double>(parts_.spec.experts.size());
    if (settings_.storage == ExpertStorage::kLowRank) return 2 * base;  // what is not far less is no use
    if (!inputs_.device.is_cpu()) return base + static_cast<std::uint64_t>(all) + ops::kMergedMemory;
    if (settings_.storage == ExpertStorage::kDense) return base + static_cast<std::uint64_t>(all);
    constexpr double kMaskShare = 1.0 / 32.0, kHalfShare = 0.5;  // of a float32
    return base + static_cast<std::uint64_t>(all * (kMaskShare + kHalfShare * settings_.keep));
  }

  Result<> open_vectors() {
    const MergePlan& plan = *inputs_.plan;
    const ParamSet& values = plan.method_values();
    settings_ = {parts_.spec.storage, values.number("keep"), std::lround(values.number("rank"))};
    std::vector<std::string> names;
    for (const ParameterSpec& spec : network_.parameters()) names.push_back(spec.name);
    WOOTZ_TRY(const std::vector<std::string> written,
              write_task_vectors(files_, plan, join_path(inputs_.work_directory, "task_vectors"), inputs_.threads,
                                 inputs_.progress));
    WOOTZ_TRY(vectors_, TaskVectors::open(files_, plan, names, written));
    return {};
  }

  Result<> make_experts() {
    for (const std::size_t module : parts_.spec.modules) {
      if (inputs_.progress) inputs_.progress({"experts", maps_.size(), parts_.spec.modules.size(), 0, "modules"});
      WOOTZ_TRY(const std::vector<RoutedMap> made, make_maps(module));
      WOOTZ_TRY(maps_[module], guarded([&] {
                  std::vector<RoutedMap> placed;
                  for (const RoutedMap& map : made)
                    placed.push_back(resident_ ? with_rows_on(moved(map, map_options()), inputs_.device) : map);
                  return placed;
                }));
    }
    return {};
  }

  Result<std::vector<RoutedMap>> make_maps(std::size_t module) {
    if (settings_.storage == ExpertStorage::kDense)
      return dense_maps(network_, module, *vectors_, resident_ && inputs_.device.is_cpu());
    return stored_maps(network_, module, *vectors_, settings_, parts_.modules[module]);
  }

  at::TensorOptions map_options() const {
    return at::TensorOptions(inputs_.device).dtype(inputs_.wide ? at::kDouble : at::kFloat);
  }

  Result<> make_routers() {
    const std::uint64_t seed = inputs_.plan->recipe.adapt->seed;
    for (std::size_t i = 0; i < parts_.spec.modules.size(); ++i) {
      const ModuleSpec& module = network_.modules()[parts_.spec.modules[i]];
      if (i > 0 && parts_.spec.shared_router && module.width != network_.modules()[parts_.spec.modules[0]].width)
        return fail(ErrorKind::kUsage, "the routed modules differ in width: they cannot share a router");
      if (i > 0 && parts_.spec.shared_router) break;
      for (const RouterTensor& each : router_tensors(parts_.spec, module.width)) {
        const std::string name = router_prefix(parts_.spec, module) + each.name;
        at::Tensor values = at::zeros(each.shape, at::kFloat);
        if (name.ends_with("weight")) fill_normal(values, kRouterDeviation, name, seed);
        if (name.ends_with("output.bias")) values = at::tensor(starts_[merged_of_[module.maps[0].weight]], at::kFloat);
        values_.push_back({name, inputs_.wide ? values.to(at::kDouble) : values});
      }
    }
    return {};
  }

  // The tensors of the `position`-th routed module's router.
  template <typename ValueOf>
  std::vector<at::Tensor> router_values(std::size_t position, const ValueOf& value_of) const {
    const std::size_t size = router_tensors(parts_.spec, 1).size();
    const std::size_t first = parts_.spec.shared_router ? 0 : position * size;
    std::vector<at::Tensor> router;
    for (std::size_t i = 0; i < size; ++i) router.push_back(value_of(first + i));
    return router;
  }

  Result<NetworkWeights> static_weights(const Segment& segment) {
    if (kept_) return *kept_;
    NetworkWeights weights(ParameterList(network_.parameters().size()));
    std::vector<TaskVectors::Merged> work;
    const at::ScalarType type = inputs_.wide ? at::kDouble : at::kFloat;
    for (std::size_t p = network_.stages()[segment.first].begin; p < network_.stages()[segment.last - 1].end; ++p) {
      const Shape& shape = network_.parameters()[p].shape;
      const std::vector<std::int64_t> sizes(shape.begin(), shape.end());
      // What a routed module replaces has a dtype and nothing else.
      weights.values[p] = at::empty(is_routed_[p] ? std::vector<std::int64_t>{0} : sizes, type);
      if (!is_routed_[p]) work.push_back({p, starts_[merged_of_[p]], weights.values[p].data_ptr()});
    }
    WOOTZ_RETURN_IF_ERROR(inputs_.wide ? vectors_->merge_wide(work)
                                       : vectors_->merge(work, kernels::Activation::kFloat32));
    for (at::Tensor& values : weights.values)
      if (values.defined()) values = values.to(inputs_.device);
    if (plan_.segments.size() == 1) kept_ = weights;
    return weights;
  }

  Result<std::shared_ptr<const Routing>> routing(const Segment& segment, const std::vector<at::Tensor>& values,
                                                 bool learning) const {
    auto made = std::make_shared<Routing>();
    made->batch_average = parts_.spec.batch_average;
    for (std::size_t i = 0; i < parts_.spec.modules.size(); ++i) {
      const std::size_t module = parts_.spec.modules[i];
      const std::size_t stage = network_.modules()[module].stage;
      if (stage < segment.first || stage >= segment.last) continue;
      const auto on_device = [&](std::size_t v) { return values[v].to(inputs_.device); };
      RoutedModule& routed = made->modules[module];
      routed.router = {router_values(i, on_device), layer_code(parts_.spec, i)};
      for (const RoutedMap& map : maps_.at(module)) routed.maps.push_back(moved(map, map_options()));
    }
    if (learning) made->learned = values;
    return made;
  }

  FileSystem& files_;
  const AdapterInputs& inputs_;
  const Network& network_;
  RoutedParts parts_;
  ExpertSettings settings_;
  Starts starts_;
  std::vector<std::size_t> merged_of_;  ///< of each of the network's parameters, its number among the merged tensors
  std::vector<bool> is_routed_;         ///< likewise
  PassPlan plan_;
  bool resident_ = false;
  std::unique_ptr<TaskVectors> vectors_;
  std::map<std::size_t, std::vector<RoutedMap>> maps_;  ///< by module
  std::vector<LearnedValue> values_;
  std::optional<NetworkWeights> kept_;  ///< the static weights, where all of them are in memory at once
  std::optional<StagedPass> pass_;
};

}  // namespace

Result<std::unique_ptr<Adapter>> make_wemoe(FileSystem& files, const AdapterInputs& inputs) {
  auto wemoe = std::make_unique<Wemoe>(files, inputs);
  WOOTZ_RETURN_IF_ERROR(wemoe->open());
  return wemoe;
}

}  // namespace wootz
