#include <fmt/format.h>

#include <algorithm>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/sparsify.h"

namespace wootz {
namespace {

/// How one lane of a tensor is thinned out.
struct LaneDrop {
  RngKey key;
  double density = 1.0;
  double epsilon = 0.0;
};

std::vector<LaneDrop> lane_drops(const TensorContext& tensor) {
  std::vector<LaneDrop> drops;
  for (std::size_t k = 0; k < tensor.models; ++k) {
    const double epsilon = tensor.params.has("epsilon") ? tensor.params.of_model("epsilon", k) : 0.0;
    const RngKey key = rng_key(tensor.seed, tensor.name, tensor.stage << 32 | k);
    drops.push_back({key, tensor.params.of_model("density", k), epsilon});
  }
  return drops;
}

class RandomKeep : public Transform {
 public:
  explicit RandomKeep(const TensorContext& tensor) : drops_(lane_drops(tensor)) {}

  Result<> apply(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block) const override {
    for (std::size_t k = 0; k < drops_.size(); ++k)
      if (drops_[k].density < 1.0)
        kernels::random_keep(block.lanes[k], block.size, drops_[k].key, block.first, drops_[k].density);
    return {};
  }

 private:
  std::vector<LaneDrop> drops_;
};

struct RankState : PieceState {
  kernels::RankScratch scratch;
};

class RankRandomKeep : public Transform {
 public:
  explicit RankRandomKeep(const TensorContext& tensor) : row_size_(tensor.row_size), drops_(lane_drops(tensor)) {}

  std::unique_ptr<PieceState> begin_piece(std::size_t /*tensor*/, std::uint64_t /*piece*/) const override {
    return std::make_unique<RankState>();
  }

  Result<> apply(std::size_t /*tensor*/, PieceState* state, const Block& block) const override {
    auto& scratch = static_cast<RankState&>(*state).scratch;
    for (std::size_t k = 0; k < drops_.size(); ++k) {
      const auto& [key, density, epsilon] = drops_[k];
      double* lane = block.lanes[k];
      if (density >= 1.0) continue;
      if (density <= 0.0)
        std::fill_n(lane, block.size, 0.0);
      else
        for (std::size_t at = 0; at < block.size; at += row_size_)
          kernels::rank_keep(lane + at, row_size_, key, block.first + at, density, epsilon, scratch);
    }
    return {};
  }

 private:
  std::size_t row_size_;
  std::vector<LaneDrop> drops_;
};

}  // namespace

TransformSpec random_transform() {
  return {.make = [](StageScope scope) -> std::unique_ptr<Transform> {
    return std::make_unique<RandomKeep>(scope.front());
  }};
}

TransformSpec rank_random_transform() {
  return {.needs = [](const TensorContext& /*tensor*/) { return StageNeeds{.granularity = Granularity::kRow}; },
          .make = [](StageScope scope) -> std::unique_ptr<Transform> {
            return std::make_unique<RankRandomKeep>(scope.front());
          }};
}

std::string check_rank_random(const ParamSet& params) {
  for (std::size_t k = 0; k < params.count("density"); ++k) {
    const double density = params.of_model("density", k);
    const double epsilon = params.of_model("epsilon", k);
    if (density <= 0.0 || density >= 1.0) continue;  // keeps none or all
    if (density - epsilon > 0.0 && density + epsilon < 1.0) continue;
    return fmt::format(
        "density {} with epsilon {} gives keep probabilities from {} to {}; they must lie within 0 and 1, "
        "so take an epsilon below {}",
        density, epsilon, density - epsilon, density + epsilon, std::min(density, 1.0 - density));
  }
  return "";
}

}  // namespace wootz
