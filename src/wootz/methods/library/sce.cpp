#include <algorithm>
#include <cmath>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/selection.h"
#include "wootz/methods/sums.h"

namespace wootz {
namespace {

// The least divisor of a merged entry (mergekit's figure).
constexpr double kLeastDivisor = 1e-6;

const double* variance_values(const Block& block, std::size_t /*series*/, std::vector<double>& scratch) {
  if (scratch.size() < block.size) scratch.resize(block.size);
  kernels::variance(block.lanes, scratch.data(), block.size);
  return scratch.data();
}

struct SelectState : PieceState {
  kernels::Window window;
  std::vector<double> scratch;
};

/// Keeps the positions where the task vectors vary most.
class SelectByVariance : public Transform {
 public:
  explicit SelectByVariance(StageScope scope) : selector_(scope, request(scope.front().params.number("select_topk"))) {}

  Result<Pass*> next_pass() override { return selector_.next_pass(); }

  std::unique_ptr<PieceState> begin_piece(std::size_t tensor, std::uint64_t piece) const override {
    auto state = std::make_unique<SelectState>();
    state->window = selector_.window(0, tensor, piece);
    return state;
  }

  Result<> apply(std::size_t /*tensor*/, PieceState* state, const Block& block) const override {
    if (selector_.keeps_all(0)) return {};
    auto& select = static_cast<SelectState&>(*state);
    const double* score = variance_values(block, 0, select.scratch);
    kernels::keep_window_by_score(block.lanes, score, block.size, select.window);
    return {};
  }

 private:
  static SelectionRequest request(double top) {
    SelectionRequest request{.values = variance_values, .series = 1, .keep = {}, .of_nonzero = true};
    request.keep = [top](std::size_t /*series*/, std::uint64_t population) {
      // All means all, also where nothing varies.
      if (top >= 1.0) return KeepRange{0, population};
      return KeepRange{0, static_cast<std::uint64_t>(top * static_cast<double>(population))};
    };
    return request;
  }

  Selector selector_;
};

/// Weighs the models by the energy of what was selected and merges by elected sign.
class ScaleAndErase : public Combination {
 public:
  explicit ScaleAndErase(std::size_t models) : pass_(models) {}

  Result<Pass*> next_pass() override {
    if (!begun_) {
      begun_ = true;
      return &pass_;
    }
    weights_ = pass_.energies();
    double sum = 0.0;
    for (const double energy : weights_) sum += energy;
    const bool usable = sum > 0.0 && std::isfinite(sum);
    for (double& weight : weights_) weight = usable ? weight / sum : 1.0 / static_cast<double>(weights_.size());
    return nullptr;
  }

  Result<> combine(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block, double* out) const override {
    const kernels::Consensus options{.vote = kernels::Vote::kPlain, .normalize = true, .floor = kLeastDivisor};
    kernels::consensus(options, block.base, block.lanes, weights_, out, block.size);
    return {};
  }

  std::vector<Fact> facts(std::size_t /*tensor*/) const override { return {{"weights", weights_}}; }

 private:
  bool begun_ = false;
  EnergyPass pass_;
  std::vector<double> weights_;
};

}  // namespace

void register_sce(Registry& registry) {
  MethodSpec spec{.name = "sce", .title = "SCE"};
  spec.summary =
      "Selects the entries that vary most between models, weighs models by their energy, erases minority signs.";
  spec.reference = "FuseChat: knowledge fusion of chat models, 2024, arXiv:2408.07990";
  spec.formula =
      "For each tensor:\n\n"
      "1. Select: of the entries whose variance over the models is not 0, the share `select_topk` with the largest "
      "variance (rounded down; of equal ones the first) is kept in all task vectors. With `select_topk: 1` all are.\n"
      "2. Calculate: `w_k = sum(tau_k^2) / sum_j sum(tau_j^2)`, over what was kept.\n"
      "3. Erase, at every entry: `s = +1 if sum_k tau_k >= 0 else -1`, `A = {k: tau_k has sign s}`, "
      "`theta = theta_0 + sum_{k in A} w_k * tau_k / max(sum_{k in A} w_k, 1e-6)`.";
  spec.notes =
      "- mergekit makes all weights equal when the mean squares add up to less than 1e-6, which is so for typical "
      "fine-tunes; here that happens only when they are 0 or not finite.\n"
      "- With one model nothing varies, so any `select_topk` below 1 gives the base.";
  spec.parameters = {{.name = "select_topk",
                      .fallback = 1.0,
                      .description = "Share of the varying entries that is kept.",
                      .minimum = 0.0,
                      .maximum = 1.0},
                     int8_mask_param()};
  spec.transforms = {{.needs = [](const TensorContext& tensor) { return selection_needs(tensor, 1); },
                      .make = [](StageScope scope) -> std::unique_ptr<Transform> {
                        return std::make_unique<SelectByVariance>(scope);
                      }}};
  spec.combination =
      CombinationSpec{.needs = needs_passes(1), .make = [](StageScope scope) -> std::unique_ptr<Combination> {
                        return std::make_unique<ScaleAndErase>(scope.front().models);
                      }};
  registry.add(std::move(spec));
}

}  // namespace wootz
