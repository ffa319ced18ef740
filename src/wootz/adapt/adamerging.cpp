#include "wootz/adapt/adamerging.h"

#include "wootz/adapt/coefficients.h"
#include "wootz/adapt/static_merge.h"
#include "wootz/adapt/task_vectors.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Merges a segment's weights when they are asked for, and turns their gradients into the coefficients'.
class MergedWeights : public SegmentWeights {
 public:
  MergedWeights(const Network& network, const TaskVectors& vectors, const Coefficients& coefficients,
                const std::vector<std::size_t>& merged_of, const AdapterInputs& inputs)
      : network_(network),
        vectors_(vectors),
        coefficients_(coefficients),
        merged_of_(merged_of),
        inputs_(inputs),
        gradient_(at::zeros_like(coefficients.values())) {}

  Result<NetworkWeights> open(const Segment& segment, bool learning) override {
    ParameterList parameters(network_.parameters().size());
    std::vector<std::vector<double>> rows;
    std::vector<TaskVectors::Merged> work;
    const auto [begin, end] = range(segment);
    for (std::size_t p = begin; p < end; ++p) {
      const Shape& shape = network_.parameters()[p].shape;
      parameters[p] = at::empty(std::vector<std::int64_t>(shape.begin(), shape.end()), type());
      rows.push_back(coefficients_.of_tensor(merged_of_[p]));
      work.push_back({p, {}, parameters[p].data_ptr()});
    }
    for (std::size_t i = 0; i < work.size(); ++i) work[i].coefficients = rows[i];
    WOOTZ_RETURN_IF_ERROR(inputs_.wide ? vectors_.merge_wide(work)
                                       : vectors_.merge(work, kernels::Activation::kFloat32));
    for (std::size_t p = begin; p < end; ++p) parameters[p] = parameters[p].to(inputs_.device).requires_grad_(learning);
    return NetworkWeights(std::move(parameters));
  }

  Result<> close(const Segment& segment, const NetworkWeights& weights) override {
    const auto [begin, end] = range(segment);
    std::vector<at::Tensor> kept;
    std::vector<double> products((end - begin) * vectors_.lanes());
    std::vector<TaskVectors::Product> work;
    for (std::size_t p = begin; p < end; ++p) {
      if (!weights[p].grad().defined() || network_.parameters()[p].inert) continue;  // no output depends on it
      kept.push_back(weights[p].grad().to(at::kCPU).contiguous());
      work.push_back(
          {p, kept.back().data_ptr(), std::span(products).subspan((p - begin) * vectors_.lanes(), vectors_.lanes())});
    }
    WOOTZ_RETURN_IF_ERROR(inputs_.wide ? vectors_.products_wide(work) : vectors_.products(work));
    for (const TaskVectors::Product& each : work)
      coefficients_.add_gradient(merged_of_[each.tensor], each.products, gradient_);
    return {};
  }

  const at::Tensor& gradient() const { return gradient_; }

 private:
  at::ScalarType type() const { return inputs_.wide ? at::kDouble : at::kFloat; }
  std::pair<std::size_t, std::size_t> range(const Segment& segment) const {
    return {network_.stages()[segment.first].begin, network_.stages()[segment.last - 1].end};
  }

  const Network& network_;
  const TaskVectors& vectors_;
  const Coefficients& coefficients_;
  const std::vector<std::size_t>& merged_of_;
  const AdapterInputs& inputs_;
  at::Tensor gradient_;
};

class AdaMerging : public Adapter {
 public:
  AdaMerging(const AdapterInputs& inputs, PassPlan pass, Coefficients coefficients,
             std::unique_ptr<TaskVectors> vectors, std::vector<std::size_t> merged_of)
      : inputs_(inputs),
        plan_(std::move(pass)),
        coefficients_(std::move(coefficients)),
        vectors_(std::move(vectors)),
        merged_of_(std::move(merged_of)),
        values_({{"coefficients", coefficients_.values()}}),
        pass_(*inputs.network, inputs.output, inputs.precision, plan_.segments) {}

  const std::vector<LearnedValue>& values() const override { return values_; }
  const PassPlan& pass() const override { return plan_; }

  Result<double> learn(const std::vector<MicroBatch>& batches, const LossFunction& loss,
                       std::vector<at::Tensor>& gradients) override {
    MergedWeights weights(*inputs_.network, *vectors_, coefficients_, merged_of_, inputs_);
    WOOTZ_TRY(const double total, pass_.learn(batches, weights, loss));
    gradients = {weights.gradient()};
    return total;
  }

  Result<std::vector<at::Tensor>> run(const std::vector<MicroBatch>& batches) override {
    MergedWeights weights(*inputs_.network, *vectors_, coefficients_, merged_of_, inputs_);
    return pass_.run(batches, weights);
  }

  // The result is a static merge by the learned table.
  Result<> write(FileSystem& files, const WriteOptions& options) override {
    return write_static_merge(
        files, *inputs_.plan, [&](std::size_t merged) { return coefficients_.of_tensor(merged); }, options);
  }

 private:
  const AdapterInputs& inputs_;
  PassPlan plan_;
  Coefficients coefficients_;
  std::unique_ptr<TaskVectors> vectors_;
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
  PassSize size{inputs.step_items, inputs.tokens, 2.0, inputs.precision};
  WOOTZ_TRY(PassPlan pass, plan_pass(*inputs.network, size, inputs.max_memory));
  WOOTZ_TRY(Coefficients coefficients, Coefficients::make(plan, *inputs.network));
  WOOTZ_TRY(const std::vector<std::string> written,
            write_task_vectors(files, plan, join_path(inputs.work_directory, "task_vectors"), inputs.threads,
                               inputs.progress));
  WOOTZ_TRY(std::unique_ptr<TaskVectors> vectors, TaskVectors::open(files, plan, names, written));
  return std::make_unique<AdaMerging>(inputs, std::move(pass), std::move(coefficients), std::move(vectors),
                                      std::move(merged_of));
}

}  // namespace wootz
