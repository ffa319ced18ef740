#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "wootz/core/check.h"
#include "wootz/kernels/kernels.h"
#include "wootz/methods/sparsify.h"
#include "wootz/methods/sums.h"

namespace wootz {
namespace {

// Below this a sum of magnitudes is no basis for a factor.
constexpr double kLeastSum = 1e-7;

// What may be remembered of a scope: a bit a lane and element.
constexpr std::uint64_t kMostKeptBits = std::uint64_t{32} * 8 << 20;

/// Which entries of one piece a transform kept: a bit each, per lane; every block begins on a byte of its own.
class KeptEntries {
 public:
  explicit KeptEntries(std::size_t lanes) : bits_(lanes) {}

  void append(std::uint64_t first, std::span<double* const> lanes, std::size_t n) {
    blocks_.emplace_back(first, bits_.front().size());
    for (std::size_t k = 0; k < lanes.size(); ++k) {
      bits_[k].resize(blocks_.back().second + (n + 7) / 8);
      kernels::pack_nonzero(lanes[k], n, &bits_[k][blocks_.back().second]);
    }
  }

  /// The bits of a lane from element `first` on, which is at a byte: the start of an appended block, or a multiple of
  /// 8 from one (samples show parts of blocks).
  const std::uint8_t* at(std::size_t lane, std::uint64_t first) const {
    const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), first,
                                        [](std::uint64_t element, const auto& block) { return element < block.first; });
    WOOTZ_CHECK(after != blocks_.begin());
    const auto [begin, byte] = *std::prev(after);
    WOOTZ_CHECK((first - begin) % 8 == 0);
    return &bits_[lane][byte + (first - begin) / 8];
  }

 private:
  std::vector<std::pair<std::uint64_t, std::size_t>> blocks_;  // first element, first byte
  std::vector<std::vector<std::uint8_t>> bits_;
};

struct L1State : PieceState {
  std::unique_ptr<PieceState> inner;
  std::optional<KeptEntries> kept;  // when remembering
  std::vector<kernels::Sum> before;
  std::vector<kernels::Sum> after;
  std::vector<double> copies;
  std::vector<double*> lanes;
};

/// Sums the magnitudes of each lane, before and after a transform of it; and remembers what the transform kept, so that
/// it need not be worked out again, unless that is too much to hold.
class L1Pass : public Pass {
 public:
  L1Pass(const Transform& inner, std::size_t lanes, bool remember)
      : inner_(inner), remember_(remember), before_(lanes), after_(lanes) {}

  std::unique_ptr<PieceState> begin(std::size_t tensor, std::uint64_t piece) const override {
    auto state = std::make_unique<L1State>();
    state->inner = inner_.begin_piece(tensor, piece);
    state->before.resize(before_.size());
    state->after.resize(before_.size());
    if (remember_) state->kept.emplace(before_.size());
    return state;
  }

  Result<> add(PieceState& state, std::size_t tensor, const Block& block) const override {
    auto& [inner, kept, before, after, copies, lanes] = static_cast<L1State&>(state);
    copies.resize(block.lanes.size() * block.size);
    lanes.clear();
    for (std::size_t k = 0; k < block.lanes.size(); ++k) {
      add_absolute(block.first, block.lanes[k], block.size, before[k]);
      lanes.push_back(copies.data() + k * block.size);
      std::copy_n(block.lanes[k], block.size, lanes.back());
    }
    WOOTZ_RETURN_IF_ERROR(inner_.apply(tensor, inner.get(),
                                       {.first = block.first, .size = block.size, .base = block.base, .lanes = lanes}));
    for (std::size_t k = 0; k < lanes.size(); ++k) add_absolute(block.first, lanes[k], block.size, after[k]);
    if (kept) kept->append(block.first, lanes, block.size);
    return {};
  }

  void merge(std::size_t tensor, std::uint64_t piece, PieceState& state) override {
    auto& sums = static_cast<L1State&>(state);
    if (sums.kept) kept_.emplace(std::pair(tensor, piece), *std::move(sums.kept));
    for (std::size_t k = 0; k < before_.size(); ++k) {
      before_[k] += sums.before[k].total();
      after_[k] += sums.after[k].total();
    }
  }

  /// Of one piece; null unless remembered.
  const KeptEntries* kept(std::size_t tensor, std::uint64_t piece) const {
    const auto found = kept_.find({tensor, piece});
    return found == kept_.end() ? nullptr : &found->second;
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
  bool remember_;
  std::map<std::pair<std::size_t, std::uint64_t>, KeptEntries> kept_;
  std::vector<double> before_;
  std::vector<double> after_;
};

/// What was remembered of the piece at hand.
struct KeptState : PieceState {
  explicit KeptState(const KeptEntries& entries) : kept(entries) {}
  const KeptEntries& kept;
};

class L1Rescaled : public Transform {
 public:
  L1Rescaled(std::unique_ptr<Transform> inner, StageScope scope)
      : inner_(std::move(inner)), lanes_(scope.front().models) {
    std::uint64_t elements = 0;
    for (const TensorContext& tensor : scope) elements += tensor.size;
    remember_ = elements <= kMostKeptBits / lanes_;
  }

  Result<Pass*> next_pass() override {
    WOOTZ_TRY(Pass* const pass, inner_->next_pass());
    if (pass != nullptr) return pass;
    if (!factors_.empty()) return nullptr;
    if (pass_) {
      factors_ = pass_->factors();
      return nullptr;
    }
    pass_ = std::make_unique<L1Pass>(*inner_, lanes_, remember_);
    return pass_.get();
  }

  std::unique_ptr<PieceState> begin_piece(std::size_t tensor, std::uint64_t piece) const override {
    if (!remember_) return inner_->begin_piece(tensor, piece);
    const KeptEntries* kept = pass_->kept(tensor, piece);
    return kept == nullptr ? nullptr : std::make_unique<KeptState>(*kept);
  }

  Result<> apply(std::size_t tensor, PieceState* state, const Block& block) const override {
    if (remember_) {
      apply_remembered(static_cast<const KeptState&>(*state).kept, block);
      return {};
    }
    WOOTZ_RETURN_IF_ERROR(inner_->apply(tensor, state, block));
    for (std::size_t k = 0; k < factors_.size(); ++k)
      if (factors_[k] != 1.0) kernels::scale(block.lanes[k], factors_[k], block.size);
    return {};
  }

  std::vector<Fact> facts(std::size_t tensor) const override {
    std::vector<Fact> facts = inner_->facts(tensor);
    if (tensor == 0) facts.push_back({"rescale_factor", factors_});
    return facts;
  }

 private:
  void apply_remembered(const KeptEntries& kept, const Block& block) const {
    for (std::size_t k = 0; k < lanes_; ++k)
      kernels::keep_packed(block.lanes[k], block.size, kept.at(k, block.first), factors_[k]);
  }

  std::unique_ptr<Transform> inner_;
  std::size_t lanes_;
  bool remember_;
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
  rescaled.needs = [inner](const TensorContext& tensor) {
    StageNeeds needs = inner.needs_for(tensor);
    // Random drops rescale by default, rankings do not.
    needs.passes = std::max(1.0, needs.passes);
    if (tensor.params.flag("rescale")) needs.memory += std::min(kMostKeptBits, tensor.models * tensor.size) / 8;
    return needs;
  };
  rescaled.make = [make = inner.make](StageScope scope) -> Result<std::unique_ptr<Transform>> {
    WOOTZ_TRY(auto transform, make(scope));
    if (scope.empty() || !scope.front().params.flag("rescale") || !drops(scope)) return transform;
    return std::make_unique<L1Rescaled>(std::move(transform), scope);
  };
  return rescaled;
}

}  // namespace wootz
