#include "wootz/adapt/adamerging.h"

#include <algorithm>
#include <optional>

#include "wootz/adapt/coefficients.h"
#include "wootz/adapt/device_vectors.h"
#include "wootz/adapt/static_merge.h"
#include "wootz/adapt/task_vectors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Where merged weights come from and inner products are taken: the processor, from the models' files, or the device.
struct VectorPlaces {
  const TaskVectors* files = nullptr;
  const DeviceVectors* device = nullptr;  ///< null: they do not lie there
};

// Merges a segment's weights when they are asked for, and turns their gradients into the coefficients'.
class MergedWeights : public SegmentWeights {
 public:
  MergedWeights(const Network& network, const VectorPlaces& vectors, const Coefficients& coefficients,
                const std::vector<std::size_t>& merged_of, const AdapterInputs& inputs)
      : network_(network),
        vectors_(vectors),
        coefficients_(coefficients),
        merged_of_(merged_of),
        inputs_(inputs),
        gradient_(at::zeros_like(coefficients.values())) {}

  Result<NetworkWeights> open(const Segment& segment, bool learning) override {
    ParameterList parameters(network_.parameters().size());
    if (vectors_.device != nullptr)
      merge_there(segment, parameters);
    else
      WOOTZ_RETURN_IF_ERROR(merge_here(segment, parameters));
    for (at::Tensor& each : parameters)
      if (each.defined()) each.requires_grad_(learning);
    return NetworkWeights(std::move(parameters));
  }

  Result<> close(const Segment& segment, const NetworkWeights& weights) override {
    std::vector<std::size_t> learned;
    const auto [begin, end] = range(segment);
    for (std::size_t p = begin; p < end; ++p)  // no output depends on what is inert
      if (weights[p].grad().defined() && !network_.parameters()[p].inert) learned.push_back(p);
    std::vector<double> products(learned.size() * lanes());
    if (vectors_.device != nullptr)
      multiply_there(learned, weights, products);
    else
      WOOTZ_RETURN_IF_ERROR(multiply_here(learned, weights, products));
    for (std::size_t i = 0; i < learned.size(); ++i)
      coefficients_.add_gradient(merged_of_[learned[i]], std::span(products).subspan(i * lanes(), lanes()), gradient_);
    return {};
  }

  const at::Tensor& gradient() const { return gradient_; }

 private:
  std::size_t lanes() const { return vectors_.files->lanes(); }
  std::pair<std::size_t, std::size_t> range(const Segment& segment) const {
    return {network_.stages()[segment.first].begin, network_.stages()[segment.last - 1].end};
  }

  Result<> merge_here(const Segment& segment, ParameterList& parameters) const {
    const auto [begin, end] = range(segment);
    std::vector<std::vector<double>> rows;
    std::vector<TaskVectors::Merged> work;
    for (std::size_t p = begin; p < end; ++p) {
      const Shape& shape = network_.parameters()[p].shape;
      parameters[p] =
          at::empty(std::vector<std::int64_t>(shape.begin(), shape.end()), inputs_.wide ? at::kDouble : at::kFloat);
      rows.push_back(coefficients_.of_tensor(merged_of_[p]));
      work.push_back({p, {}, parameters[p].data_ptr()});
    }
    for (std::size_t i = 0; i < work.size(); ++i) work[i].coefficients = rows[i];
    WOOTZ_RETURN_IF_ERROR(inputs_.wide ? vectors_.files->merge_wide(work)
                                       : vectors_.files->merge(work, kernels::Activation::kFloat32));
    for (std::size_t p = begin; p < end; ++p) parameters[p] = parameters[p].to(inputs_.device);
    return {};
  }

  void merge_there(const Segment& segment, ParameterList& parameters) const {
    const auto [begin, end] = range(segment);
    std::vector<double> rows;
    for (std::size_t p = begin; p < end; ++p) {
      const std::vector<double> row = coefficients_.of_tensor(merged_of_[p]);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    const at::Tensor all =
        at::tensor(rows, at::kDouble).view({-1, static_cast<std::int64_t>(lanes())}).to(inputs_.device, at::kFloat);
    for (std::size_t p = begin; p < end; ++p)
      parameters[p] = vectors_.device->merged(p, all[static_cast<std::int64_t>(p - begin)]);
  }

  Result<> multiply_here(const std::vector<std::size_t>& learned, const NetworkWeights& weights,
                         std::vector<double>& products) const {
    std::vector<at::Tensor> kept;
    std::vector<TaskVectors::Product> work;
    for (std::size_t i = 0; i < learned.size(); ++i) {
      kept.push_back(weights[learned[i]].grad().to(at::kCPU).contiguous());
      work.push_back({learned[i], kept.back().data_ptr(), std::span(products).subspan(i * lanes(), lanes())});
    }
    return inputs_.wide ? vectors_.files->products_wide(work) : vectors_.files->products(work);
  }

  // One copy from the device for all of them.
  void multiply_there(const std::vector<std::size_t>& learned, const NetworkWeights& weights,
                      std::vector<double>& products) const {
    std::vector<at::Tensor> parts;
    for (const std::size_t p : learned) parts.push_back(vectors_.device->products(p, weights[p].grad()));
    if (parts.empty()) return;
    const at::Tensor all = at::cat(parts).to(at::kCPU);
    std::copy_n(all.const_data_ptr<double>(), products.size(), products.begin());
  }

  const Network& network_;
  VectorPlaces vectors_;
  const Coefficients& coefficients_;
  const std::vector<std::size_t>& merged_of_;
  const AdapterInputs& inputs_;
  at::Tensor gradient_;
};

class AdaMerging : public Adapter {
 public:
  AdaMerging(const AdapterInputs& inputs, PassPlan pass, Coefficients coefficients,
             std::unique_ptr<TaskVectors> vectors, std::optional<DeviceVectors> device_vectors,
             std::vector<std::size_t> merged_of)
      : inputs_(inputs),
        plan_(std::move(pass)),
        coefficients_(std::move(coefficients)),
        vectors_(std::move(vectors)),
        device_vectors_(std::move(device_vectors)),
        merged_of_(std::move(merged_of)),
        values_({{"coefficients", coefficients_.values()}}),
        pass_(*inputs.network, inputs.output, inputs.precision, plan_.segments) {}

  const std::vector<LearnedValue>& values() const override { return values_; }
  const PassPlan& pass() const override { return plan_; }

  Result<double> learn(const std::vector<MicroBatch>& batches, const LossFunction& loss,
                       std::vector<at::Tensor>& gradients) override {
    MergedWeights weights(*inputs_.network, places(), coefficients_, merged_of_, inputs_);
    WOOTZ_TRY(const double total, pass_.learn(batches, weights, loss));
    gradients = {weights.gradient()};
    return total;
  }

  Result<std::vector<at::Tensor>> run(const std::vector<MicroBatch>& batches) override {
    MergedWeights weights(*inputs_.network, places(), coefficients_, merged_of_, inputs_);
    return pass_.run(batches, weights);
  }

  // The result is a static merge by the learned table.
  Result<> write(FileSystem& files, const WriteOptions& options) override {
    return write_static_merge(
        files, *inputs_.plan, [&](std::size_t merged) { return coefficients_.of_tensor(merged); }, options);
  }

 private:
  VectorPlaces places() const { return {vectors_.get(), device_vectors_ ? &*device_vectors_ : nullptr}; }

  const AdapterInputs& inputs_;
  PassPlan plan_;
  Coefficients coefficients_;
  std::unique_ptr<TaskVectors> vectors_;
  std::optional<DeviceVectors> device_vectors_;
  std::vector<std::size_t> merged_of_;  ///< of each of the network's parameters, its number among the merged tensors
  std::vector<LearnedValue> values_;
  StagedPass pass_;
};

}  // namespace

Result<std::unique_ptr<Adapter>> make_adamerging(FileSystem& files, const AdapterInputs& inputs) {
  const MergePlan& plan = *inputs.plan;
  std::vector<std::string> names;
  for (const ParameterSpec& spec : inputs.network->parameters()) names.push_back(spec.name);
  WOOTZ_TRY(std::vector<std::size_t> merged_of, merged_numbers(plan, *inputs.network));
  // The vectors lie in the device's memory where that leaves room for a step.
  const PassSize size{inputs.step_items, inputs.tokens, 2.0, inputs.precision, inputs.activations()};
  const std::uint64_t bytes = DeviceVectors::bytes(*inputs.network, plan.sources.lanes.size());
  bool resident = inputs.vectors_on_device && !inputs.wide && bytes < inputs.max_memory;
  Result<PassPlan> pass = plan_pass(*inputs.network, size, inputs.max_memory - (resident ? bytes : 0));
  if (resident && !pass) {
    resident = false;
    pass = plan_pass(*inputs.network, size, inputs.max_memory);
  }
  if (!pass) return tl::unexpected(std::move(pass).error());
  WOOTZ_TRY(Coefficients coefficients, Coefficients::make(plan, *inputs.network));
  WOOTZ_TRY(const std::vector<std::string> written,
            write_task_vectors(files, plan, join_path(inputs.work_directory, "task_vectors"), inputs.threads,
                               inputs.progress));
  WOOTZ_TRY(std::unique_ptr<TaskVectors> vectors, TaskVectors::open(files, plan, names, written));
  std::optional<DeviceVectors> device_vectors;
  if (resident) {
    WOOTZ_TRY(device_vectors, DeviceVectors::load(*vectors, *inputs.network, inputs.device));
    pass->memory += bytes;
  }
  return std::make_unique<AdaMerging>(inputs, *std::move(pass), std::move(coefficients), std::move(vectors),
                                      std::move(device_vectors), std::move(merged_of));
}

}  // namespace wootz
