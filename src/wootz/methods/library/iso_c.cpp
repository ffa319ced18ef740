#include <algorithm>

#include "wootz/linalg/polar.h"
#include "wootz/linalg/products.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/matrix_stage.h"
#include "wootz/methods/registry.h"

namespace wootz {
namespace {

double mean_singular_value(const MatrixLanes& lanes, const PolarFactor& factor) {
  return factor.nuclear_norm / static_cast<double>(std::min(lanes.rows(), lanes.columns()));
}

Result<> merge_update(MatrixLanes& lanes, Matrix<float> update, Team& team) {
  WOOTZ_RETURN_IF_ERROR(lanes.sum(update));
  WOOTZ_TRY(const PolarFactor factor, polar_factor(update, team));
  scale(update, mean_singular_value(lanes, factor));
  return {};
}

// What turns the sum into the update turns each of its terms into a share of it.
Result<> rewrite_lanes(MatrixLanes& lanes, std::span<const Matrix<float>> out, Team& team) {
  WOOTZ_RETURN_IF_ERROR(lanes.sum(out[0]));
  WOOTZ_TRY(const PolarMap polar, polar_map(out[0], team));
  for (std::size_t k = 0; k < lanes.size(); ++k) {
    WOOTZ_RETURN_IF_ERROR(lanes.read(k, out[k]));
    WOOTZ_RETURN_IF_ERROR(multiply_in_place(out[k], small_side(out[k]), polar.map.view(), team));
    scale(out[k], mean_singular_value(lanes, polar.factor));
  }
  return {};
}

MatrixMethod iso_c() {
  MatrixMethod method;
  method.memory = [](const TensorContext& tensor, std::size_t outputs) {
    const std::size_t rows = tensor.shape[0], columns = tensor.shape[1], small = std::min(rows, columns);
    if (outputs == 1) return polar_factor_memory(rows, columns);
    return most(polar_map_memory(rows, columns),
                beside(small * small * sizeof(double), multiply_in_place_memory(small)));
  };
  method.merge = [](MatrixLanes& lanes, const ParamSet& /*params*/, std::span<const Matrix<float>> out, Team& team) {
    return out.size() == 1 ? merge_update(lanes, out[0], team) : rewrite_lanes(lanes, out, team);
  };
  return method;
}

constexpr const char* kFormula =
    "For every matrix, with the thin singular value decomposition `sum_k tau_k = U diag(s) V^T` of rank "
    "`r = min(m, n)`:\n\n"
    "`delta = mean(s) * U V^T`";
constexpr const char* kOthers = "Tensors that are no matrices, embeddings and heads take the mean of the task vectors.";

MethodSpec described(MethodKind kind, const std::string& summary) {
  MethodSpec spec{.kind = kind, .name = "iso_c", .title = "Iso-C"};
  spec.summary = summary;
  spec.reference =
      "No task left behind: isotropic model merging with common and task-specific subspaces, 2025, "
      "arXiv:2502.04959";
  spec.whole_matrices = true;
  spec.idempotent = false;
  return spec;
}

}  // namespace

void register_iso_c(Registry& registry) {
  MethodSpec merge =
      described(MethodKind::kMerge, "Gives all singular directions of the summed task vectors the same weight.");
  merge.formula = std::string(kFormula) + ", `theta = theta_0 + lambda * delta`\n\n" + kOthers;
  merge.notes =
      "- The paper searches lambda between 0.1 and 3 on held-out data and lands near 1.3 to 1.9 for eight tasks.\n"
      "- Directions whose singular value is below 1e-6 of the largest are left out: they are rounding errors, and the "
      "reference code gives them the same weight as all others.\n"
      "- Projections of queries, keys and values are taken as they are stored: apart in transformers' models, as one "
      "matrix in OpenCLIP's. The results differ.\n"
      "- It is for experts of distinct tasks. Where experts were tuned on similar data, compare with "
      "`task_arithmetic`.";
  merge.parameters = {lambda_param()};
  merge.combination = matrix_combination(iso_c());
  registry.add(std::move(merge));

  MethodSpec transform =
      described(MethodKind::kTransform, "Rewrites the task vectors so that they add up to Iso-C's merge.");
  transform.formula =
      std::string(kFormula) +
      "\n\nEvery task vector becomes its share of that, `tau_k' = mean(s) * tau_k V diag(1/s) V^T` (from "
      "the left, with U, where m < n). " +
      "Tensors that are no matrices, embeddings and heads become `tau_k / K`.";
  transform.notes =
      "Followed by `task_arithmetic` with weights of 1 it is the merge method; followed by `adamerging`, every "
      "expert's share has a learned coefficient.";
  transform.transforms = {matrix_transform(iso_c())};
  registry.add(std::move(transform));
}

}  // namespace wootz
