#include <algorithm>
#include <array>
#include <cmath>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sums.h"

namespace wootz {
namespace {

// mergekit's figures: shorter vectors are not normalized, and nearly parallel ones are interpolated in a straight line.
constexpr double kLeastNorm = 1e-8;
constexpr double kParallel = 0.9995;

class Slerp : public Combination {
 public:
  explicit Slerp(double t) : t_(t), pass_(1, GramOf::kBaseAndLanes) {}

  Result<Pass*> next_pass() override {
    if (!begun_) {
      begun_ = true;
      return &pass_;
    }
    set_weights();
    return nullptr;
  }

  Result<> combine(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block, double* out) const override {
    const std::array<const double*, 2> ends{block.base, block.lanes[0]};
    kernels::weighted_sum(nullptr, 1.0, ends, weights_, out, block.size);
    return {};
  }

  std::vector<Fact> facts(std::size_t /*tensor*/) const override { return {{"cosine", {cosine_}}}; }

 private:
  void set_weights() {
    const GramMatrix& gram = pass_.gram();
    const double norm0 = std::sqrt(gram(0, 0));
    const double norm1 = std::sqrt(gram(1, 1));
    const double dot = gram(0, 1) / (norm0 > kLeastNorm ? norm0 : 1.0) / (norm1 > kLeastNorm ? norm1 : 1.0);
    weights_ = {1.0 - t_, t_};
    cosine_ = cosine(gram, 0, 1);
    const bool no_angle = !std::isfinite(dot) || (norm0 <= kLeastNorm && norm1 <= kLeastNorm);
    if (no_angle || std::abs(dot) > kParallel) return;
    const double angle = std::acos(dot);
    weights_ = {std::sin((1.0 - t_) * angle) / std::sin(angle), std::sin(t_ * angle) / std::sin(angle)};
  }

  double t_;
  bool begun_ = false;
  GramPass pass_;
  std::array<double, 2> weights_{};
  double cosine_ = 0.0;
};

}  // namespace

void register_slerp(Registry& registry) {
  MethodSpec spec{.name = "slerp", .title = "SLERP"};
  spec.summary = "Interpolates between the base and one other model along the arc between them.";
  spec.reference = "Animating rotation with quaternion curves, 1985; as in mergekit, arXiv:2403.13257";
  spec.formula =
      "For each tensor, with `c` the cosine between the two tensors (flattened) and `a = arccos c`:\n\n"
      "`theta = sin((1 - t) * a) / sin(a) * theta_0 + sin(t * a) / sin(a) * theta_1`\n\n"
      "If `|c| > 0.9995`: `theta = (1 - t) * theta_0 + t * theta_1`. The norms are not made equal.";
  spec.notes =
      "- Norms and cosine are float64 over the whole tensor.\n"
      "- As in mergekit a tensor whose norm is at most 1e-8 counts as at a right angle to the other. When both are "
      "that "
      "small, or either is not finite, there is no angle and the straight line is taken; mergekit then enlarges the "
      "former and turns the whole tensor to NaN in the latter case.\n"
      "- `t: 0` gives the base, `t: 1` the other model.";
  spec.parameters = {{.name = "t", .description = "Place on the arc: 0 is the base, 1 the other model."}};
  spec.lanes = Lanes::kParameters;
  spec.max_models = 1;
  spec.combination =
      CombinationSpec{.needs = needs_passes(1), .make = [](StageScope scope) -> std::unique_ptr<Combination> {
                        return std::make_unique<Slerp>(scope.front().params.number("t"));
                      }};
  registry.add(std::move(spec));
}

}  // namespace wootz
