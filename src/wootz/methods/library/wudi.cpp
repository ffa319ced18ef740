#include <algorithm>
#include <cmath>

#include "wootz/linalg/eigen.h"
#include "wootz/linalg/products.h"
#include "wootz/methods/common_params.h"
#include "wootz/methods/matrix_stage.h"
#include "wootz/methods/registry.h"

// Below, T is the stack of all tau_k / |tau_k|, [K m, n]; C = T^T T and G = T T^T have the same eigenvalues l. The work
// is done on the smaller of the two. With V the eigenvectors of C, as rows, the shares of the lanes are
//   tau_k + E_k V,  E_k = -tau_k V^T f + (tau_k tau_k^T / |tau_k|^2) tau_k V^T f / l.
// With U the eigenvectors of G, as rows, and U_k their part for lane k, V = l^(-1/2) U T, and the same is
//   tau_k + F_k^T U T,  F_k = |tau_k| (-f U_k + (f / l) U_k G_kk).
namespace wootz {
namespace {

constexpr double kLeastValue = 1e-8;  // of l, whose sum is K
// Eigenvectors are found in double up to this size: beyond, they would take too long.
constexpr std::size_t kMostDouble = 1024;
// Directions that are worked on at a time, so that the intermediate products stay small.
constexpr std::size_t kSlab = 512;

/// What each of the leading directions is multiplied with: f, and f / l.
struct Filter {
  std::vector<float> f;
  std::vector<float> f_over_l;
};

/// The number of directions that a spectrum amounts to: of n equal values, n.
std::size_t effective_count(std::span<const double> values) {
  double sum = 0.0, roots = 0.0;
  for (const double value : values) {
    sum += std::max(0.0, value);
    roots += std::sqrt(std::max(0.0, value));
  }
  return sum > 0.0 ? static_cast<std::size_t>(std::ceil(roots * roots / sum * (1.0 - 1e-12))) : 0;
}

Filter make_filter(std::string_view spectrum, std::span<const double> values, std::size_t size) {
  double time = 0.0;  // of the gradient flow that stops early; 0: it does not
  std::size_t count = values.size();
  if (spectrum == "aswudi") count = effective_count(values);
  if (spectrum == "swudi") {
    time = 1300.0;
    count = static_cast<std::size_t>(0.65 * static_cast<double>(size));
  }
  if (spectrum == "soft") time = 300.0;
  Filter filter;
  for (std::size_t i = 0; i < std::min(count, values.size()) && values[i] > kLeastValue; ++i) {
    const double f = time > 0.0 ? -std::expm1(-values[i] * time) : 1.0;
    filter.f.push_back(static_cast<float>(f));
    filter.f_over_l.push_back(static_cast<float>(f / values[i]));
  }
  return filter;
}

struct Directions {
  OwnedMatrix<float> vectors;  ///< [count, side], rows
  Filter filter;
};

template <typename T>
Result<Directions> find_directions(OwnedMatrix<T> gram, std::string_view spectrum, std::size_t columns) {
  Directions directions;
  const auto count = [&](std::span<const T> values) {
    directions.filter = make_filter(spectrum, std::vector<double>(values.begin(), values.end()), columns);
    return directions.filter.f.size();
  };
  WOOTZ_TRY(SymmetricEigen<T> eigen, leading_eigen<T>(std::move(gram), count));
  if constexpr (std::is_same_v<T, float>) {
    directions.vectors = std::move(eigen.vectors);
  } else {
    directions.vectors = OwnedMatrix<float>(eigen.vectors.rows(), eigen.vectors.columns());
    std::copy_n(eigen.vectors.data(), eigen.vectors.size(), directions.vectors.data());
  }
  return directions;
}

/// A lane that may be scaled to norm 1: what it was divided by, or 0 for a lane of zeros.
double normalize(Matrix<float> lane) {
  const double norm = std::sqrt(square_norm(lane));
  if (norm > 0.0) scale(lane, 1.0 / norm);
  return norm;
}

void add_lane(std::span<const Matrix<float>> out, std::size_t k, Matrix<const float> lane) {
  if (out.size() > 1 || k == 0)
    copy(lane, out[out.size() > 1 ? k : 0]);
  else
    add(lane, out[0]);
}

// ---- The side of the columns: C.

template <typename T>
Result<Directions> directions_of_columns(MatrixLanes& lanes, std::string_view spectrum, Team& team) {
  OwnedMatrix<T> gram(lanes.columns(), lanes.columns());
  {
    OwnedMatrix<float> lane(lanes.rows(), lanes.columns());
    for (std::size_t k = 0; k < lanes.size(); ++k) {
      WOOTZ_RETURN_IF_ERROR(lanes.read(k, lane.view()));
      normalize(lane.view());
      WOOTZ_RETURN_IF_ERROR(add_gram<T>(lane.view(), Side::kColumns, k == 0 ? T{0} : T{1}, gram.view(), team));
    }
  }
  return find_directions(std::move(gram), spectrum, lanes.columns());
}

/// out += E_k V for some of the directions.
Result<> add_slab(Matrix<const float> lane, double square_norm, Matrix<const float> v, std::span<const float> f,
                  std::span<const float> f_over_l, Matrix<float> out, Team& team) {
  OwnedMatrix<float> a(v.rows, lane.rows);     // V tau^T
  OwnedMatrix<float> b(v.rows, lane.columns);  // V tau^T tau
  OwnedMatrix<float> e(v.rows, lane.rows);     // V tau^T tau tau^T
  WOOTZ_RETURN_IF_ERROR(multiply<float>(plain(v), transposed(lane), 0.0F, a.view(), team));
  WOOTZ_RETURN_IF_ERROR(multiply<float>(plain(a.view()), plain(lane), 0.0F, b.view(), team));
  WOOTZ_RETURN_IF_ERROR(multiply<float>(plain(b.view()), transposed(lane), 0.0F, e.view(), team));
  scale(e.view(), 1.0 / square_norm);
  scale_rows(e.view(), f_over_l);
  scale_rows(a.view(), f);
  for (std::size_t i = 0; i < e.size(); ++i) e.data()[i] -= a.data()[i];
  return multiply<float>(transposed(e.view()), plain(v), 1.0F, out, team);
}

Result<> merge_by_columns(MatrixLanes& lanes, std::string_view spectrum, std::span<const Matrix<float>> out,
                          Team& team) {
  auto found = lanes.columns() <= kMostDouble ? directions_of_columns<double>(lanes, spectrum, team)
                                              : directions_of_columns<float>(lanes, spectrum, team);
  if (!found) return tl::unexpected(std::move(found).error());
  const Matrix<const float> v = found->vectors.view();
  OwnedMatrix<float> lane(lanes.rows(), lanes.columns());
  for (std::size_t k = 0; k < lanes.size(); ++k) {
    WOOTZ_RETURN_IF_ERROR(lanes.read(k, lane.view()));
    add_lane(out, k, lane.view());
    const double square = square_norm(lane.view());
    if (square == 0.0) continue;
    for (std::size_t first = 0; first < v.rows; first += kSlab) {
      const std::size_t count = std::min(kSlab, v.rows - first);
      WOOTZ_RETURN_IF_ERROR(
          add_slab(lane.view(), square, v.rows_at(first, count), std::span(found->filter.f).subspan(first, count),
                   std::span(found->filter.f_over_l).subspan(first, count), out[out.size() > 1 ? k : 0], team));
    }
  }
  return {};
}

// ---- The side of the rows: G, where all lanes together have fewer rows than columns.

/// Reads the lanes two by two. `norms` are found on the way.
template <typename T>
Result<OwnedMatrix<T>> gram_of_rows(MatrixLanes& lanes, std::vector<double>& norms, Matrix<float> one, Team& team) {
  const std::size_t m = lanes.rows();
  OwnedMatrix<T> gram(m * lanes.size(), m * lanes.size());
  OwnedMatrix<float> other(m, lanes.columns());
  OwnedMatrix<float> block(m, m);
  norms.resize(lanes.size());
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    WOOTZ_RETURN_IF_ERROR(lanes.read(i, one));
    norms[i] = normalize(one);
    WOOTZ_RETURN_IF_ERROR(add_gram<T>(one, Side::kRows, T{0}, gram.view().part(i * m, m, i * m, m), team));
    for (std::size_t j = 0; j < i; ++j) {
      WOOTZ_RETURN_IF_ERROR(lanes.read(j, other.view()));
      if (norms[j] > 0.0) scale(other.view(), 1.0 / norms[j]);
      WOOTZ_RETURN_IF_ERROR(multiply<float>(plain(one), transposed(other.view()), 0.0F, block.view(), team));
      for (std::size_t row = 0; row < m; ++row)
        for (std::size_t column = 0; column < m; ++column) {
          gram.view().row(i * m + row)[j * m + column] = block.view().row(row)[column];
          gram.view().row(j * m + column)[i * m + row] = block.view().row(row)[column];
        }
    }
  }
  return gram;
}

template <typename T>
Result<Directions> directions_of_rows(MatrixLanes& lanes, std::string_view spectrum, std::vector<double>& norms,
                                      Matrix<float> scratch, Team& team) {
  WOOTZ_TRY(OwnedMatrix<T> gram, gram_of_rows<T>(lanes, norms, scratch, team));
  return find_directions(std::move(gram), spectrum, lanes.columns());
}

/// out += F_k, [directions, m]. Divides the lane by its norm.
Result<> add_factor(Matrix<float> lane, double norm, Matrix<const float> u, const Filter& filter, Matrix<float> out,
                    Team& team) {
  scale(lane, 1.0 / norm);
  WOOTZ_TRY(const OwnedMatrix<float> gram, gram_matrix<float>(lane, Side::kRows, team));
  OwnedMatrix<float> slab(std::min(kSlab, u.rows), u.columns);
  for (std::size_t first = 0; first < u.rows; first += kSlab) {
    const Matrix<float> product = slab.view().rows_at(0, std::min(kSlab, u.rows - first));
    WOOTZ_RETURN_IF_ERROR(
        multiply<float>(plain(u.rows_at(first, product.rows)), plain(gram.view()), 0.0F, product, team));
    for (std::size_t i = 0; i < product.rows; ++i)
      for (std::size_t j = 0; j < product.columns; ++j)
        out.row(first + i)[j] += static_cast<float>(norm) * (filter.f_over_l[first + i] * product.row(i)[j] -
                                                             filter.f[first + i] * u.row(first + i)[j]);
  }
  return {};
}

Result<> merge_by_rows(MatrixLanes& lanes, std::string_view spectrum, std::span<const Matrix<float>> out, Team& team) {
  const std::size_t m = lanes.rows();
  std::vector<double> norms;
  auto found = m * lanes.size() <= kMostDouble ? directions_of_rows<double>(lanes, spectrum, norms, out[0], team)
                                               : directions_of_rows<float>(lanes, spectrum, norms, out[0], team);
  if (!found) return tl::unexpected(std::move(found).error());
  const Matrix<const float> u = found->vectors.view();
  const auto part = [&](std::size_t k) { return u.part(0, u.rows, k * m, m); };
  OwnedMatrix<float> lane(m, lanes.columns());
  std::vector<OwnedMatrix<float>> factors;
  for (std::size_t i = 0; i < out.size(); ++i) {
    factors.emplace_back(u.rows, m);
    std::fill_n(factors.back().data(), factors.back().size(), 0.0F);
  }
  for (std::size_t k = 0; k < lanes.size(); ++k) {
    WOOTZ_RETURN_IF_ERROR(lanes.read(k, lane.view()));
    add_lane(out, k, lane.view());
    const Matrix<float> factor = factors[out.size() > 1 ? k : 0].view();
    if (norms[k] > 0.0) WOOTZ_RETURN_IF_ERROR(add_factor(lane.view(), norms[k], part(k), found->filter, factor, team));
  }
  OwnedMatrix<float> map(m, m);  // F^T U_k
  for (std::size_t k = 0; k < lanes.size(); ++k) {
    if (norms[k] == 0.0) continue;
    WOOTZ_RETURN_IF_ERROR(lanes.read(k, lane.view()));
    scale(lane.view(), 1.0 / norms[k]);
    for (std::size_t i = 0; i < out.size(); ++i) {
      WOOTZ_RETURN_IF_ERROR(multiply<float>(transposed(factors[i].view()), plain(part(k)), 0.0F, map.view(), team));
      WOOTZ_RETURN_IF_ERROR(multiply<float>(plain(map.view()), plain(lane.view()), 1.0F, out[i], team));
    }
  }
  return {};
}

bool by_rows(std::size_t rows, std::size_t columns, std::size_t lanes) { return rows * lanes < columns; }

Result<> merge_matrix(MatrixLanes& lanes, const ParamSet& params, std::span<const Matrix<float>> out, Team& team) {
  const std::string_view spectrum = params.choice("spectrum");
  return by_rows(lanes.rows(), lanes.columns(), lanes.size()) ? merge_by_rows(lanes, spectrum, out, team)
                                                              : merge_by_columns(lanes, spectrum, out, team);
}

TeamMemory memory_of(const TensorContext& tensor, std::size_t outputs) {
  const std::size_t m = tensor.shape[0], n = tensor.shape[1], lane = m * n * sizeof(float);
  const bool rows = by_rows(m, n, tensor.models);
  const std::size_t side = rows ? m * tensor.models : n, count = std::min(n, m * tensor.models);
  const std::size_t item = side <= kMostDouble ? sizeof(double) : sizeof(float);
  const std::uint64_t gram = side * side * item, vectors = count * side * sizeof(float);
  const std::uint64_t block = rows ? m * m * sizeof(float) : 0;
  const std::uint64_t narrowed = item == sizeof(double) ? vectors : 0;
  const TeamMemory finding = most(beside(gram + lane + block, add_gram_memory()),
                                  beside(gram + narrowed, leading_eigen_memory(side, count, item)));
  const std::uint64_t after =
      kSlab * (2 * m + n) * sizeof(float) + (rows ? outputs * count * m * sizeof(float) + block : 0);
  return most(finding, beside(vectors + lane + after, multiply_memory()));
}

MethodSpec described(MethodKind kind, const std::string& summary) {
  MethodSpec spec{.kind = kind, .name = "wudi", .title = "WUDI"};
  spec.summary = summary;
  spec.reference =
      "Whoever started the interference should end it: guiding data-free model merging via task vectors, "
      "2025, arXiv:2503.08099; its spectra: arXiv:2606.07289";
  spec.formula =
      "For every matrix, with `w_k = 1 / |tau_k|^2` (Frobenius norm), `C = sum_k w_k tau_k^T tau_k = V diag(l) V^T`, "
      "`D = sum_k w_k tau_k tau_k^T tau_k` and a filter `f` of the eigenvalues, largest first:\n\n"
      "`delta = sum_k tau_k (I - V diag(f) V^T) + D V diag(f / l) V^T`\n\n"
      "| `spectrum` | f |\n|---|---|\n"
      "| `aswudi` | 1 for the `ceil((sum sqrt(l))^2 / sum l)` largest, else 0 |\n"
      "| `swudi` | `1 - exp(-1300 l)` for the largest 65 %, else 0 |\n"
      "| `soft` | `1 - exp(-300 l)` |\n"
      "| `exact` | 1: the minimiser of `sum_k w_k |(delta - tau_k) tau_k^T|^2` |\n\n"
      "`f` is 0 where `l <= 1e-8`. ";
  spec.whole_matrices = true;
  spec.parameters = {{.name = "spectrum",
                      .type = ParamType::kChoice,
                      .fallback = 0.0,
                      .description = "How far the merge follows the loss in each direction.",
                      .choices = {"aswudi", "swudi", "soft", "exact"}}};
  return spec;
}

}  // namespace

void register_wudi(Registry& registry) {
  const MatrixMethod method{.passes = 2, .memory = memory_of, .merge = merge_matrix};
  MethodSpec merge = described(MethodKind::kMerge, "Minimises the interference of the task vectors in closed form.");
  merge.formula +=
      "`theta = theta_0 + lambda * delta`. Tensors that are no matrices, embeddings and heads take the mean of "
      "the task vectors.";
  merge.notes =
      "- The paper runs 300 steps of Adam on the loss. Their early stop matters: `exact` is worse. The filters say in "
      "one "
      "line what the stop does, and `aswudi` has nothing to tune.\n"
      "- `lambda: 1` suits CLIP; 1/K has been used for models of vision and language.\n"
      "- Projections of queries, keys and values are taken as they are stored: apart in transformers' models, as one "
      "matrix in OpenCLIP's. The results differ.\n"
      "- It is for experts of distinct tasks. Where experts were tuned on similar data, compare with "
      "`task_arithmetic`.";
  merge.parameters.push_back(lambda_param());
  merge.idempotent = false;
  merge.combination = matrix_combination(method);
  registry.add(std::move(merge));

  MethodSpec transform =
      described(MethodKind::kTransform, "Rewrites the task vectors so that they add up to WUDI's merge.");
  transform.formula +=
      "Every task vector becomes its term of the sums, `tau_k' = tau_k (I - V diag(f) V^T) + w_k tau_k "
      "tau_k^T tau_k V diag(f / l) V^T`; tensors that are no matrices, embeddings and heads become "
      "`tau_k / K`.";
  transform.notes =
      "Followed by `task_arithmetic` with weights of 1 it is the merge method; followed by `adamerging`, every "
      "expert's term has a learned coefficient.";
  transform.idempotent = false;
  transform.transforms = {matrix_transform(method)};
  registry.add(std::move(transform));
}

}  // namespace wootz
