#include <algorithm>
#include <cmath>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/sparsify.h"
#include "wootz/methods/sums.h"

namespace wootz {
namespace {

// Below this a sum of magnitudes is no basis for a factor.
constexpr double kLeastSum = 1e-7;

struct L1State : PieceState {
  std::unique_ptr<PieceState> inner;
  std::vector<kernels::Sum> before;
  std::vector<kernels::Sum> after;
  std::vector<double> copies;
  std::vector<double*> lanes;
};

/// Sums the magnitudes of each lane, before and after a transform of it.
class L1Pass : public Pass {
 public:
  L1Pass(const Transform& inner, std::size_t lanes) : inner_(inner), before_(lanes), after_(lanes) {}

  std::unique_ptr<PieceState> begin(std::size_t tensor, std::uint64_t piece) const override {
    auto state = std::make_unique<L1State>();
    state->inner = inner_.begin_piece(tensor, piece);
    state->before.resize(before_.size());
    state->after.resize(before_.size());
    return state;
  }

  void add(PieceState& state, std::size_t tensor, const Block& block) const override {
    auto& [inner, before, after, copies, lanes] = static_cast<L1State&>(state);
    copies.resize(block.lanes.size() * block.size);
    lanes.clear();
    for (std::size_t k = 0; k < block.lanes.size(); ++k) {
      add_absolute(block.first, block.lanes[k], block.size, before[k]);
      lanes.push_back(copies.data() + k * block.size);
      std::copy_n(block.lanes[k], block.size, lanes.back());
    }
    inner_.apply(tensor, inner.get(), {.first = block.first, .size = block.size, .base = block.base, .lanes = lanes});
    for (std::size_t k = 0; k < lanes.size(); ++k) add_absolute(block.first, lanes[k], block.size, after[k]);
  }

  void merge(std::size_t /*tensor*/, std::uint64_t /*piece*/, PieceState& state) override {
    const auto& sums = static_cast<const L1State&>(state);
    for (std::size_t k = 0; k < before_.size(); ++k) {
      before_[k] += sums.before[k].total();
      after_[k] += sums.after[k].total();
    }
  }

  std::vector<double> factors() const {
    std::vector<double> factors;
    for (std::size_t k = 0; k < before_.size(); ++k) {
      const double factor = before_[k] / after_[k];
      const bool sound = before_[k] >= kLeastSum && after_[k] >= kLeastSum && std::isfinite(factor);
      factors.push_back(sound ? factor : 1.0);
    }
    return factors;
  }

 private:
  const Transform& inner_;
  std::vector<double> before_;
  std::vector<double> after_;
};

class L1Rescaled : public Transform {
 public:
  L1Rescaled(std::unique_ptr<Transform> inner, std::size_t lanes) : inner_(std::move(inner)), lanes_(lanes) {}

  Pass* next_pass() override {
    if (Pass* pass = inner_->next_pass()) return pass;
    if (!factors_.empty()) return nullptr;
    if (pass_) {
      factors_ = pass_->factors();
      return nullptr;
    }
    pass_ = std::make_unique<L1Pass>(*inner_, lanes_);
    return pass_.get();
  }

  std::unique_ptr<PieceState> begin_piece(std::size_t tensor, std::uint64_t piece) const override {
    return inner_->begin_piece(tensor, piece);
  }

  void apply(std::size_t tensor, PieceState* state, const Block& block) const override {
    inner_->apply(tensor, state, block);
    for (std::size_t k = 0; k < factors_.size(); ++k)
      if (factors_[k] != 1.0) kernels::scale(block.lanes[k], factors_[k], block.size);
  }

  std::vector<Fact> facts(std::size_t tensor) const override {
    std::vector<Fact> facts = inner_->facts(tensor);
    if (tensor == 0) facts.push_back({"rescale_factor", factors_});
    return facts;
  }

 private:
  std::unique_ptr<Transform> inner_;
  std::size_t lanes_;
  std::unique_ptr<L1Pass> pass_;
  std::vector<double> factors_;
};

/// Whether the transform drops anything at all.
bool drops(StageScope scope) {
  for (const TensorContext& tensor : scope)
    for (std::size_t k = 0; k < tensor.models; ++k)
      if (tensor.params.of_model("density", k) < 1.0) return true;
  return false;
}

}  // namespace

TransformSpec with_l1_rescale(TransformSpec inner) {
  TransformSpec rescaled = inner;
  // Random drops rescale by default, rankings do not.
  rescaled.expected_passes = std::max(1.0, inner.expected_passes);
  rescaled.make = [make = inner.make](StageScope scope) -> std::unique_ptr<Transform> {
    auto transform = make(scope);
    if (scope.empty() || !scope.front().params.flag("rescale") || !drops(scope)) return transform;
    return std::make_unique<L1Rescaled>(std::move(transform), scope.front().models);
  };
  return rescaled;
}

}  // namespace wootz
