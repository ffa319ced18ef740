#include "wootz/kernels/kernels.h"
#include "wootz/methods/disentangle.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sums.h"

namespace wootz {
namespace {

struct DeltaState : PieceState {
  std::vector<double*> lanes;  // the active ones
  std::vector<double> delta;
};

class Awd : public Transform {
 public:
  explicit Awd(StageScope scope)
      : options_(options(scope)), pass_(scope.empty() ? 0 : scope.front().models, GramOf::kLanes) {}

  Result<Pass*> next_pass() override {
    if (!begun_) {
      begun_ = true;
      return &pass_;
    }
    found_ = disentangle(pass_.gram(), options_);
    return nullptr;
  }

  std::unique_ptr<PieceState> begin_piece(std::size_t /*tensor*/, std::uint64_t /*piece*/) const override {
    return std::make_unique<DeltaState>();
  }

  Result<> apply(std::size_t /*tensor*/, PieceState* state, const Block& block) const override {
    if (found_.delta_norm == 0.0) return {};
    auto& [lanes, delta] = static_cast<DeltaState&>(*state);
    lanes.clear();
    for (const std::size_t k : found_.active) lanes.push_back(block.lanes[k]);
    if (delta.size() < block.size) delta.resize(block.size);
    kernels::weighted_sum(nullptr, 1.0, lanes, found_.coordinates, delta.data(), block.size);
    for (double* lane : lanes) kernels::subtract(lane, delta.data(), block.size);
    return {};
  }

  std::vector<Fact> facts(std::size_t tensor) const override {
    if (tensor != 0) return {};
    std::vector<double> coordinates(pass_.gram().vectors());
    for (std::size_t i = 0; i < found_.active.size(); ++i) coordinates[found_.active[i]] = found_.coordinates[i];
    return {{"mean_absolute_cosine", {found_.cosine_before, found_.cosine_after}},
            {"redundant_vector_coordinates", std::move(coordinates)},
            {"redundant_vector_norm", {found_.delta_norm}}};
  }

 private:
  static DisentangleOptions options(StageScope scope) {
    if (scope.empty()) return {};
    const ParamSet& params = scope.front().params;
    return {.alpha = params.number("alpha"),
            .step = params.number("step"),
            .iterations = static_cast<std::size_t>(params.number("iterations"))};
  }

  DisentangleOptions options_;
  GramPass pass_;
  bool begun_ = false;
  Disentangled found_;
};

}  // namespace

void register_awd(Registry& registry) {
  MethodSpec spec{.kind = MethodKind::kTransform, .name = "awd", .title = "Adaptive weight disentanglement"};
  spec.summary = "Takes a redundant vector shared by all task vectors out of them, so that they interfere less.";
  spec.reference = "Multi-task model merging via adaptive weight disentanglement, 2024, arXiv:2411.18729";
  spec.formula =
      "`tau_k' = tau_k - delta`, where delta is found by gradient descent from 0, with `iterations` steps of size "
      "`step`, "
      "on\n\n"
      "`L(delta) = mean over pairs i != j of |cos(tau_i - delta, tau_j - delta)| + alpha * ||delta||_2`\n\n"
      "The descent never leaves the span of the task vectors, `delta = sum_k b_k * tau_k`, so it is carried out "
      "exactly "
      "on the K coordinates b, from the K x K inner products of the task vectors: one pass over the data, whatever "
      "the number of iterations.";
  spec.notes =
      "- `scope: model` takes the model as one vector; with `scope: layer` every tensor has a delta of its own.\n"
      "- Plain gradient descent, as described; the identity above does not hold for other optimizers.\n"
      "- The authors have not published their code; the defaults are those quoted from the paper's section 4.3.\n"
      "- A task vector that is zero in the scope, or not finite, has no direction: it takes no part and stays as it "
      "is. "
      "With fewer than two others delta is 0.\n"
      "- The step size is absolute, and the loss has kinks where cosines are 0: once they are near 0 a large `step` "
      "makes "
      "them jump about it. Compare the cosines before and after, which are recorded in the manifest.";
  spec.parameters = {
      {.name = "alpha", .fallback = 0.1, .description = "Weight of the norm of delta in the loss.", .minimum = 0.0},
      {.name = "step", .fallback = 0.01, .description = "Step size of the gradient descent.", .minimum = 0.0},
      {.name = "iterations",
       .type = ParamType::kInteger,
       .fallback = 300.0,
       .description = "Steps of the gradient descent.",
       .minimum = 0.0,
       .maximum = 1e6},
      {.name = "scope",
       .type = ParamType::kChoice,
       .fallback = 0.0,
       .description = "Whether the model or every tensor has one redundant vector.",
       .choices = {"model", "layer"}}};
  spec.idempotent = false;
  spec.transforms = {
      {.scoped = true, .needs = needs_passes(1), .make = [](StageScope scope) -> std::unique_ptr<Transform> {
         return std::make_unique<Awd>(scope);
       }}};
  registry.add(std::move(spec));
}

}  // namespace wootz
