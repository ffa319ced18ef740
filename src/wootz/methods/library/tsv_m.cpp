#include <algorithm>

#include "wootz/linalg/polar.h"
#include "wootz/linalg/products.h"
#include "wootz/linalg/singular.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/matrix_stage.h"
#include "wootz/methods/registry.h"

namespace wootz {
namespace {

/// Singular triplets of each lane: no more in all than the matrix can hold apart.
std::size_t kept_rank(std::size_t rows, std::size_t columns, std::size_t lanes) {
  return std::max<std::size_t>(1, std::min(rows, columns) / lanes);
}

/// The leading singular triplets of all lanes, one below the other.
struct Stack {
  OwnedMatrix<float> left;    ///< [K rank, rows]
  OwnedMatrix<float> right;   ///< [K rank, columns]
  std::vector<float> values;  ///< [K rank]
};

Result<Stack> stack_triplets(MatrixLanes& lanes, std::size_t rank, Matrix<float> lane, Team& team) {
  const std::size_t all = lanes.size() * rank;
  Stack stack{OwnedMatrix<float>(all, lanes.rows()), OwnedMatrix<float>(all, lanes.columns()), {}};
  for (std::size_t k = 0; k < lanes.size(); ++k) {
    WOOTZ_RETURN_IF_ERROR(lanes.read(k, lane));
    WOOTZ_TRY(const SingularTriplets found, leading_singular(lane, rank, team));
    copy(found.left.view(), stack.left.view().rows_at(k * rank, rank));
    copy(found.right.view(), stack.right.view().rows_at(k * rank, rank));
    stack.values.insert(stack.values.end(), found.values.begin(), found.values.end());
  }
  return stack;
}

Result<> merge_matrix(MatrixLanes& lanes, const ParamSet& /*params*/, std::span<const Matrix<float>> out, Team& team) {
  const std::size_t rank = kept_rank(lanes.rows(), lanes.columns(), lanes.size());
  WOOTZ_TRY(Stack stack, stack_triplets(lanes, rank, out[0], team));
  // The vectors of different lanes are not orthogonal. The polar factors are the nearest that are.
  WOOTZ_RETURN_IF_ERROR(polar_factor(stack.left.view(), team));
  WOOTZ_RETURN_IF_ERROR(polar_factor(stack.right.view(), team));
  scale_rows(stack.left.view(), stack.values);
  const std::size_t rows = stack.values.size() / out.size();  // of all lanes, or of one
  for (std::size_t i = 0; i < out.size(); ++i)
    WOOTZ_RETURN_IF_ERROR(multiply<float>(transposed(stack.left.view().rows_at(i * rows, rows)),
                                          plain(stack.right.view().rows_at(i * rows, rows)), 0.0F, out[i], team));
  return {};
}

TeamMemory memory(const TensorContext& tensor, std::size_t /*outputs*/) {
  const std::size_t rows = tensor.shape[0], columns = tensor.shape[1];
  const std::size_t rank = kept_rank(rows, columns, tensor.models), all = rank * tensor.models;
  const TeamMemory whitening = most(polar_factor_memory(all, rows), polar_factor_memory(all, columns));
  return beside(all * (rows + columns) * sizeof(float),
                most(leading_singular_memory(rows, columns, rank), most(whitening, multiply_memory())));
}

constexpr const char* kFormula =
    "For every matrix, with `k = max(1, floor(min(m, n) / K))`:\n\n"
    "1. Of every task vector the k leading singular triplets are kept: `tau_k ~ U_k diag(s_k) V_k^T`.\n"
    "2. Side by side, `U = [U_1 .. U_K]` and `V = [V_1 .. V_K]` are replaced by the nearest matrices with orthonormal "
    "columns: `U' = P Q^T` of `U = P D Q^T`, and `V'` likewise.\n"
    "3. ";

MethodSpec described(MethodKind kind, const std::string& summary) {
  MethodSpec spec{.kind = kind, .name = "tsv_m", .title = "TSV-M"};
  spec.summary = summary;
  spec.reference = "Task singular vectors: reducing task interference in model merging, 2025, arXiv:2412.00081";
  spec.whole_matrices = true;
  spec.idempotent = false;
  return spec;
}

}  // namespace

void register_tsv_m(Registry& registry) {
  const MatrixMethod method{.memory = memory, .merge = merge_matrix};
  MethodSpec merge = described(
      MethodKind::kMerge, "Keeps the leading singular vectors of every task and makes them orthogonal to each other.");
  merge.formula = std::string(kFormula) +
                  "`theta = theta_0 + lambda * U' diag(s_1 .. s_K) V'^T`\n\n"
                  "Tensors that are no matrices, embeddings and heads take the mean of the task vectors.";
  merge.notes =
      "- `lambda: 1` is the paper's choice; nothing needs to be searched.\n"
      "- Projections of queries, keys and values are taken as they are stored: apart in transformers' models, as one "
      "matrix in OpenCLIP's. The results differ.\n"
      "- It is for experts of distinct tasks. Where experts were tuned on similar data, compare with "
      "`task_arithmetic`.";
  merge.parameters = {lambda_param()};
  merge.combination = matrix_combination(method);
  registry.add(std::move(merge));

  MethodSpec transform =
      described(MethodKind::kTransform,
                "Replaces every task vector by its part of TSV-M's merge, orthogonal to the other tasks'.");
  transform.formula = std::string(kFormula) +
                      "`tau_k' = U'_k diag(s_k) V'_k^T`\n\n"
                      "Tensors that are no matrices, embeddings and heads become `tau_k / K`.";
  transform.notes =
      "Followed by `task_arithmetic` with weights of 1 it is the merge method; followed by `adamerging`, every "
      "expert's part has a learned coefficient.";
  transform.transforms = {matrix_transform(method)};
  registry.add(std::move(transform));
}

}  // namespace wootz
