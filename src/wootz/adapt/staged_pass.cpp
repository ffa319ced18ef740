#include "wootz/adapt/staged_pass.h"

#include "torch/csrc/autograd/autograd.h"
#include "wootz/nn/device.h"
#include "wootz/nn/routing.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// A state cut off from what made it; gradients are wanted of it.
StageState cut_off(const StageState& state) {
  StageState cut;
  for (const at::Tensor& each : state)
    cut.push_back(each.defined() ? each.detach().requires_grad_(true) : at::Tensor());
  return cut;
}

// Runs backward from `roots` into `leaves`' grad().
void backward(const StageState& roots, const StageState& gradients, const std::vector<at::Tensor>& leaves) {
  std::vector<at::Tensor> used_roots, used_gradients;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (!roots[i].defined() || !roots[i].requires_grad()) continue;
    if (!gradients.empty() && !gradients[i].defined()) continue;
    used_roots.push_back(roots[i]);
    if (!gradients.empty()) used_gradients.push_back(gradients[i]);
  }
  if (used_roots.empty()) return;  // nothing that is learned stands before here
  torch::autograd::backward(used_roots, used_gradients, false, false, leaves);
}

std::vector<at::Tensor> leaves_of(const NetworkWeights& weights, const StageState& state) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& each : weights.values)
    if (each.defined() && each.requires_grad()) leaves.push_back(each);
  if (weights.routing != nullptr)
    leaves.insert(leaves.end(), weights.routing->learned.begin(), weights.routing->learned.end());
  for (const at::Tensor& each : state)
    if (each.defined()) leaves.push_back(each);
  return leaves;
}

}  // namespace

StageState StagedPass::forward(const Segment& segment, const NetworkWeights& weights, const MicroBatch& batch,
                               StageState state) const {
  for (std::size_t stage = segment.first; stage < segment.last; ++stage)
    state = network_.run_stage(stage, weights, batch.input, state, output_);
  return state;
}

Result<std::vector<StageState>> StagedPass::pass_on(const Segment& segment, const std::vector<MicroBatch>& batches,
                                                    SegmentWeights& weights,
                                                    const std::vector<StageState>& states) const {
  WOOTZ_TRY(const NetworkWeights opened, guarded_result([&] { return weights.open(segment, false); }));
  return guarded([&] {
    const at::NoGradGuard no_gradients;
    const NetworkWeights cast = with_precision(network_, opened, precision_);
    std::vector<StageState> next;
    for (std::size_t m = 0; m < batches.size(); ++m) next.push_back(forward(segment, cast, batches[m], states[m]));
    return next;
  });
}

Result<double> StagedPass::learn(const std::vector<MicroBatch>& batches, SegmentWeights& weights,
                                 const LossFunction& loss) const {
  std::vector<std::vector<StageState>> borders = {std::vector<StageState>(batches.size())};  // before each segment
  for (std::size_t s = 0; s + 1 < segments_.size(); ++s) {
    WOOTZ_TRY(std::vector<StageState> next, pass_on(segments_[s], batches, weights, borders[s]));
    borders.push_back(std::move(next));
  }
  std::vector<StageState> upstream(batches.size());
  double total = 0;
  for (std::size_t s = segments_.size(); s-- > 0;) {
    WOOTZ_TRY(const NetworkWeights opened, guarded_result([&] { return weights.open(segments_[s], true); }));
    WOOTZ_RETURN_IF_ERROR(guarded([&] {
      for (std::size_t m = 0; m < batches.size(); ++m) {
        const StageState in = cut_off(borders[s][m]);
        // Cast anew for every micro-batch: the way back goes through the cast, and frees it.
        StageState out = forward(segments_[s], with_precision(network_, opened, precision_), batches[m], in);
        if (s + 1 == segments_.size()) {
          out = {loss(batches[m], out.front())};
          total += out.front().item<double>();
        }
        backward(out, upstream[m], leaves_of(opened, in));
        upstream[m].clear();
        for (const at::Tensor& each : in) upstream[m].push_back(each.defined() ? each.grad() : at::Tensor());
        borders[s][m].clear();
      }
      return 0;
    }));
    WOOTZ_RETURN_IF_ERROR(guarded_result([&] { return weights.close(segments_[s], opened); }));
  }
  return total;
}

Result<std::vector<at::Tensor>> StagedPass::run(const std::vector<MicroBatch>& batches, SegmentWeights& weights) const {
  std::vector<StageState> states(batches.size());
  for (const Segment& segment : segments_) {
    WOOTZ_TRY(states, pass_on(segment, batches, weights, states));
  }
  std::vector<at::Tensor> outputs;
  for (const StageState& state : states) outputs.push_back(state.front());
  return outputs;
}

}  // namespace wootz
