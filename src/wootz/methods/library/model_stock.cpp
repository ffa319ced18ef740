#include <cmath>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/registry.h"
#include "wootz/methods/sums.h"

namespace wootz {
namespace {

// Task vectors that point so far apart that their mean vanishes give no ratio.
constexpr double kLeastDenominator = 1e-6;

double mean_cosine(const GramMatrix& gram) {
  const std::size_t models = gram.vectors();
  double sum = 0.0;
  for (std::size_t i = 0; i < models; ++i)
    for (std::size_t j = i + 1; j < models; ++j) sum += cosine(gram, i, j);
  return sum / (static_cast<double>(models * (models - 1)) / 2.0);
}

/// The share of the mean task vector to add to the base.
double stock_ratio(double cos, std::size_t models) {
  const auto count = static_cast<double>(models);
  const double denominator = 1.0 + (count - 1.0) * cos;
  return denominator > kLeastDenominator ? count * cos / denominator : 0.0;
}

class ModelStock : public Combination {
 public:
  explicit ModelStock(std::size_t models) : pass_(models, GramOf::kLanes), ones_(models, 1.0) {}

  Result<Pass*> next_pass() override {
    if (!begun_) {
      begun_ = true;
      return &pass_;
    }
    cosine_ = mean_cosine(pass_.gram());
    ratio_ = stock_ratio(cosine_, ones_.size());
    return nullptr;
  }

  Result<> combine(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block, double* out) const override {
    const double factor = ratio_ / static_cast<double>(ones_.size());
    kernels::weighted_sum(block.base, factor, block.lanes, ones_, out, block.size);
    return {};
  }

  std::vector<Fact> facts(std::size_t /*tensor*/) const override {
    return {{"mean_cosine", {cosine_}}, {"ratio", {ratio_}}};
  }

 private:
  bool begun_ = false;
  GramPass pass_;
  std::vector<double> ones_;
  double cosine_ = 0.0;
  double ratio_ = 0.0;
};

class FilterWiseModelStock : public Combination {
 public:
  explicit FilterWiseModelStock(const TensorContext& tensor) : row_size_(tensor.row_size), ones_(tensor.models, 1.0) {}

  Result<> combine(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block, double* out) const override {
    const std::size_t models = ones_.size();
    std::vector<const double*> row(models);
    for (std::size_t at = 0; at < block.size; at += row_size_) {
      for (std::size_t k = 0; k < models; ++k) row[k] = block.lanes[k] + at;
      std::vector<kernels::Sum> sums(models * (models + 1) / 2);
      kernels::add_gram(row, row_size_, sums);
      GramMatrix gram(models);
      gram.add(sums);
      const double factor = stock_ratio(mean_cosine(gram), models) / static_cast<double>(models);
      kernels::weighted_sum(block.base + at, factor, row, ones_, out + at, row_size_);
    }
    return {};
  }

 private:
  std::size_t row_size_;
  std::vector<double> ones_;
};

StageNeeds needs(const TensorContext& tensor) {
  if (tensor.params.flag("filter_wise")) return {.granularity = Granularity::kRow};
  return {.passes = 1};
}

std::unique_ptr<Combination> make(StageScope scope) {
  const TensorContext& tensor = scope.front();
  if (tensor.params.flag("filter_wise")) return std::make_unique<FilterWiseModelStock>(tensor);
  return std::make_unique<ModelStock>(tensor.models);
}

}  // namespace

void register_model_stock(Registry& registry) {
  MethodSpec spec{.name = "model_stock", .title = "Model stock"};
  spec.summary = "Moves from the base towards the mean of the models, by a ratio found from the angles between them.";
  spec.reference = "Model stock: all we need is just a few fine-tuned models, 2024, arXiv:2403.19522";
  spec.formula =
      "With c the mean cosine over all pairs of the N task vectors:\n\n"
      "`t = N * c / (1 + (N - 1) * c)`, `theta = t * mean_k theta_k + (1 - t) * theta_0`\n\n"
      "once for each tensor, or with `filter_wise` for each row (everything under one index of the first dimension; a "
      "1-D tensor is one row).";
  spec.notes =
      "- Cosines are float64 and exact for short task vectors; mergekit shrinks them where the product of two norms is "
      "below 1e-6, and computes them in the models' dtype.\n"
      "- A task vector of zero has no direction: its cosines count as 0.\n"
      "- The formula is followed for negative c too, which leads away from the mean. Where its denominator is not "
      "above "
      "1e-6 (task vectors that cancel out) it has no meaning and the base is kept; mergekit divides by zero.\n"
      "- mergekit's rows run along the last dimension, which differs for tensors with more than two.";
  spec.parameters = {{.name = "filter_wise",
                      .type = ParamType::kFlag,
                      .fallback = 0.0,
                      .description = "Find a ratio for every row instead of every tensor."}};
  spec.min_models = 2;
  spec.combination = CombinationSpec{.needs = needs, .make = make};
  registry.add(std::move(spec));
}

}  // namespace wootz
