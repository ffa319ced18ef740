#include "wootz/methods/matrix_stage.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/combine.h"

namespace wootz {
namespace {

// Parts of the names of embeddings and heads, in the models of transformers, timm and OpenCLIP. A part that contains
// "embed" is one too.
constexpr std::array<std::string_view, 14> kNoLinearMaps{"lm_head",
                                                         "head",
                                                         "heads",
                                                         "classifier",
                                                         "score",
                                                         "cls",
                                                         "wte",
                                                         "wpe",
                                                         "shared",
                                                         "qa_outputs",
                                                         "text_projection",
                                                         "vocab_projector",
                                                         "relative_attention_bias",
                                                         "pre_classifier"};

OwnedMatrix<float> matrix_of(const MatrixLanes& lanes) { return OwnedMatrix<float>(lanes.rows(), lanes.columns()); }

void load_floats(const float* values, std::size_t n, double* out) {
  kernels::load(Dtype::kF32, reinterpret_cast<const std::byte*>(values), n, out);
}

class MatrixCombination : public Combination {
 public:
  MatrixCombination(MatrixMethod method, ParamSet params)
      : method_(std::move(method)), params_(std::move(params)), lambda_(params_.number("lambda")) {}

  Result<> solve(MatrixLanes& lanes, Team& team) override {
    update_ = matrix_of(lanes);
    const Matrix<float> out = update_.view();
    return method_.merge(lanes, params_, std::span(&out, 1), team);
  }

  Result<> combine(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block, double* out) const override {
    constexpr std::array kOne{1.0};
    double* const update = block.lanes[0];
    load_floats(update_.view().data + block.first, block.size, update);
    const double* const lane = update;
    kernels::weighted_sum(block.base, lambda_, std::span(&lane, 1), kOne, out, block.size);
    return {};
  }

 private:
  MatrixMethod method_;
  ParamSet params_;
  double lambda_;
  OwnedMatrix<float> update_;
};

class MatrixTransform : public Transform {
 public:
  MatrixTransform(MatrixMethod method, ParamSet params) : method_(std::move(method)), params_(std::move(params)) {}

  Result<> solve(MatrixLanes& lanes, Team& team) override {
    std::vector<Matrix<float>> out;
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) out.push_back(made_.emplace_back(matrix_of(lanes)).view());
    return method_.merge(lanes, params_, out, team);
  }

  Result<> apply(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block) const override {
    for (std::size_t lane = 0; lane < block.lanes.size(); ++lane)
      load_floats(made_[lane].view().data + block.first, block.size, block.lanes[lane]);
    return {};
  }

 private:
  MatrixMethod method_;
  ParamSet params_;
  std::vector<OwnedMatrix<float>> made_;
};

// Divides the lanes by their number.
class Share : public Transform {
 public:
  Result<> apply(std::size_t /*tensor*/, PieceState* /*state*/, const Block& block) const override {
    for (double* const lane : block.lanes)
      kernels::scale(lane, 1.0 / static_cast<double>(block.lanes.size()), block.size);
    return {};
  }
};

StageNeeds needs_of(const MatrixMethod& method, const TensorContext& tensor, std::size_t outputs) {
  if (!is_linear_map(tensor)) return {};
  const TeamMemory memory = beside(outputs * tensor.size * sizeof(float), method.memory(tensor, outputs));
  return {.granularity = Granularity::kMatrix,
          .passes = method.passes,
          .memory = memory.shared,
          .thread_memory = memory.per_thread};
}

}  // namespace

bool is_linear_map(const TensorContext& tensor) {
  if (tensor.shape.size() != 2 || tensor.shape[0] < 2 || tensor.shape[1] < 2) return false;
  std::string_view rest = tensor.name;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.find("embed") != part.npos) return false;
    if (std::find(kNoLinearMaps.begin(), kNoLinearMaps.end(), part) != kNoLinearMaps.end()) return false;
  }
  return true;
}

CombinationSpec matrix_combination(MatrixMethod method) {
  const auto needs = [method](const TensorContext& tensor) { return needs_of(method, tensor, 1); };
  const auto make = [method](StageScope scope) -> std::unique_ptr<Combination> {
    const TensorContext& tensor = scope.front();
    if (is_linear_map(tensor)) return std::make_unique<MatrixCombination>(method, tensor.params);
    const double lambda = tensor.params.number("lambda");
    return make_task_vector_sum(std::vector<double>(tensor.models, lambda / static_cast<double>(tensor.models)));
  };
  return {.needs = needs, .make = make};
}

TransformSpec matrix_transform(MatrixMethod method) {
  const auto needs = [method](const TensorContext& tensor) { return needs_of(method, tensor, tensor.models); };
  const auto make = [method](StageScope scope) -> std::unique_ptr<Transform> {
    if (!is_linear_map(scope.front())) return std::make_unique<Share>();
    return std::make_unique<MatrixTransform>(method, scope.front().params);
  };
  return {.needs = needs, .make = make};
}

}  // namespace wootz
