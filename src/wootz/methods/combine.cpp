#include "wootz/methods/combine.h"

#include <cmath>

#include "wootz/kernels/kernels.h"

namespace wootz {
namespace {

// A smaller sum of weights is no divisor (mergekit's figure).
constexpr double kLeastDivisor = 1e-8;

class WeightedSum : public Combination {
 public:
  WeightedSum(bool with_base, double factor, std::vector<double> weights)
      : with_base_(with_base), factor_(factor), weights_(std::move(weights)) {}

  Result<> combine(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block, double* out) const override {
    kernels::weighted_sum(with_base_ ? block.base : nullptr, factor_, block.lanes, weights_, out, block.size);
    return {};
  }

 private:
  bool with_base_;
  double factor_;
  std::vector<double> weights_;
};

class ConsensusSum : public Combination {
 public:
  ConsensusSum(const kernels::Consensus& options, std::vector<double> weights)
      : options_(options), weights_(std::move(weights)) {}

  Result<> combine(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block, double* out) const override {
    kernels::consensus(options_, block.base, block.lanes, weights_, out, block.size);
    return {};
  }

 private:
  kernels::Consensus options_;
  std::vector<double> weights_;
};

}  // namespace

CombinationSpec task_arithmetic_combination() {
  return {.make = [](StageScope scope) -> std::unique_ptr<Combination> {
    const ParamSet& params = scope.front().params;
    const std::vector<double>& weights = params.numbers("weight");
    double factor = params.number("lambda");
    if (params.flag("normalize")) {
      double sum = 0.0;
      for (const double weight : weights) sum += weight;
      if (std::abs(sum) >= kLeastDivisor) factor /= sum;
    }
    return std::make_unique<WeightedSum>(true, factor, weights);
  }};
}

CombinationSpec consensus_combination() {
  return {.make = [](StageScope scope) -> std::unique_ptr<Combination> {
    const ParamSet& params = scope.front().params;
    const kernels::Consensus options{.vote = kernels::Vote::kWeighted,
                                     .normalize = params.flag("normalize"),
                                     .floor = 0.0,
                                     .factor = params.number("lambda")};
    return std::make_unique<ConsensusSum>(options, params.numbers("weight"));
  }};
}

std::unique_ptr<Combination> make_task_vector_sum(std::vector<double> weights) {
  return std::make_unique<WeightedSum>(true, 1.0, std::move(weights));
}

std::unique_ptr<Combination> make_weighted_sum(double factor, std::vector<double> weights) {
  return std::make_unique<WeightedSum>(false, factor, std::move(weights));
}

}  // namespace wootz
