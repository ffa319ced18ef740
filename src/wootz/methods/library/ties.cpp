#include "wootz/kernels/kernels.h"
#include "wootz/methods/combine.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sparsify.h"

namespace wootz {
namespace {

struct BalanceState : PieceState {
  std::int64_t balance = 0;
};

/// Counts the positions of the scope with a positive sum, less those with a negative one.
class BalancePass : public Pass {
 public:
  std::unique_ptr<PieceState> begin(std::size_t /*tensor*/, std::uint64_t /*piece*/) const override {
    return std::make_unique<BalanceState>();
  }
  Result<> add(PieceState& state, std::size_t /*tensor*/, const Block& block) const override {
    static_cast<BalanceState&>(state).balance += kernels::sign_balance(block.lanes, block.size);
    return {};
  }
  void merge(std::size_t /*tensor*/, std::uint64_t /*piece*/, PieceState& state) override {
    balance_ += static_cast<BalanceState&>(state).balance;
  }
  double majority_sign() const { return balance_ < 0 ? -1.0 : 1.0; }

 private:
  std::int64_t balance_ = 0;
};

/// Zeroes what disagrees with the sign of the sum; sums of exactly 0 take the scope's majority sign.
class ElectSign : public Transform {
 public:
  explicit ElectSign(std::size_t lanes) : begun_(lanes < 2) {}  // one lane's sum is 0 only where the lane is

  Result<Pass*> next_pass() override {
    if (begun_) return nullptr;
    begun_ = true;
    return &pass_;
  }
  Result<> apply(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block) const override {
    kernels::elect_sign(block.lanes, pass_.majority_sign(), block.size);
    return {};
  }

 private:
  bool begun_;
  BalancePass pass_;
};

void register_merge(Registry& registry) {
  MethodSpec spec{.name = "ties", .title = "TIES"};
  spec.summary = "Trims the task vectors by magnitude, elects a sign for every entry, and merges those that agree.";
  spec.reference = "TIES-merging: resolving interference when merging models, 2023, arXiv:2306.01708";
  spec.formula =
      "1. Trim: of the n entries of `tau_k` in the scope (a tensor, or the model) the `max(1, floor(density * n))` "
      "largest "
      "in magnitude are kept, the rest set to 0. Of equal magnitudes the first in the tensor counts as the larger; "
      "`density: 0` keeps none.\n"
      "2. Elect, at every entry, with `v_k = w_k * tau_k'`: `s = +1 if sum_k v_k >= 0 else -1`.\n"
      "3. Merge: with `A = {k: v_k has sign s}`, `theta = theta_0 + lambda * sum_{k in A} v_k`, divided by "
      "`sum_{k in A} w_k` with `normalize` (by 1 where that is 0).";
  spec.notes =
      "- `scope: tensor`, the default, is mergekit's reading: every tensor keeps its share. `scope: model` is the "
      "paper's: "
      "one ranking over the whole model, so that tensors that changed much keep more.\n"
      "- Exactly that many entries are kept. In mergekit it is undefined which of equal magnitudes survive (in "
      "bfloat16 they are very many); implementations that keep everything above a threshold keep too many.\n"
      "- A density above 0 keeps at least one entry of the scope; mergekit stops with an assertion when the share of a "
      "small tensor rounds down to none.\n"
      "- The weighted entries vote, as in mergekit, so a negative weight turns a model's vote round.\n"
      "- The paper gives entries whose votes cancel the sign of the majority of all entries; here as in mergekit they "
      "count as positive. The transform `ties` follows the paper.";
  spec.parameters = {weight_param(),       density_param(1.0), scope_param("tensor"), normalize_param(true),
                     rescale_param(false), lambda_param(),     int8_mask_param()};
  spec.transforms = {with_l1_rescale(trim_transform())};
  spec.combination = consensus_combination();
  registry.add(std::move(spec));
}

void register_transform(Registry& registry) {
  MethodSpec spec{.kind = MethodKind::kTransform, .name = "ties", .title = "TIES"};
  spec.summary = "Trims the task vectors by magnitude and drops the entries that disagree with the elected sign.";
  spec.reference = "TIES-merging: resolving interference when merging models, 2023, arXiv:2306.01708";
  spec.formula =
      "1. Trim, as in the merge method `ties`.\n"
      "2. Elect: `s = sign(sum_k tau_k')` at every entry; where the sum is 0, the sign that most entries of the scope "
      "have (+ if as many).\n"
      "3. `tau_k'' = tau_k'` where it has sign s, else 0. The models stay apart.";
  spec.notes =
      "Follows the paper: 20 % of the whole model by default, unweighted votes. Followed by `task_arithmetic` it is "
      "TIES with a disjoint sum, followed by learned coefficients AdaMerging++.";
  spec.parameters = {global(density_param(0.2)), scope_param("model")};
  spec.idempotent = false;
  const auto make = [](StageScope scope) -> std::unique_ptr<Transform> {
    return std::make_unique<ElectSign>(scope.empty() ? 0 : scope.front().models);
  };
  spec.transforms = {trim_transform(), {.scoped = true, .needs = needs_passes(1), .make = make}};
  registry.add(std::move(spec));
}

}  // namespace

void register_ties(Registry& registry) {
  register_merge(registry);
  register_transform(registry);
}

}  // namespace wootz
