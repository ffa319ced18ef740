// Attention of one head at a time. Keys and values are first laid out in float32 so that every product runs along
// contiguous vectors: keys transposed for the scores, values by rows for the result. Queries are taken kRows at a time,
// so that each loaded vector is used as often.
#include <algorithm>
#include <cmath>
#include <limits>

#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/network/attention.cpp"
#include "hwy/foreach_target.h"
//
#include "wootz/kernels/network/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
namespace {

constexpr std::size_t kRows = 4;

HWY_INLINE std::size_t padded(std::size_t n) {
  const std::size_t lanes = hn::Lanes(Floats());
  return (n + lanes - 1) / lanes * lanes;
}

// kVectors vectors of kRows rows of out = coefficients [kRows, inner] x matrix [inner, width].
template <std::size_t kVectors>
HWY_INLINE void multiply_columns(const float* coefficients, std::size_t coefficient_stride, std::size_t inner,
                                 const float* matrix, std::size_t width, float* out) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  Vector sums[kRows][kVectors];
  for (auto& row : sums)
    for (auto& sum : row) sum = hn::Zero(d);
  for (std::size_t i = 0; i < inner; ++i) {
    Vector values[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) values[v] = hn::LoadU(d, matrix + i * width + v * lanes);
    for (std::size_t r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, coefficients[r * coefficient_stride + i]);
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, values[v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r)
    for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(sums[r][v], d, out + r * width + v * lanes);
}

// out [kRows, width] = coefficients [kRows, inner] x matrix [inner, width]; width is padded.
void multiply_rows(const float* coefficients, std::size_t coefficient_stride, std::size_t inner, const float* matrix,
                   std::size_t width, float* out) {
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t at = 0;
  for (; at + 4 * lanes <= width; at += 4 * lanes)
    multiply_columns<4>(coefficients, coefficient_stride, inner, matrix + at, width, out + at);
  for (; at < width; at += lanes)
    multiply_columns<1>(coefficients, coefficient_stride, inner, matrix + at, width, out + at);
}

// out [outer, width] += coefficients [kRows, outer]^T x rows [kRows, width]; width is padded.
void add_outer(const float* coefficients, std::size_t coefficient_stride, std::size_t outer, const float* rows,
               std::size_t width, float* out) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t at = 0; at < width; at += lanes) {
    Vector values[kRows];
    for (std::size_t r = 0; r < kRows; ++r) values[r] = hn::LoadU(d, rows + r * width + at);
    for (std::size_t i = 0; i < outer; ++i) {
      auto sum = hn::LoadU(d, out + i * width + at);
      for (std::size_t r = 0; r < kRows; ++r)
        sum = hn::MulAdd(hn::Set(d, coefficients[r * coefficient_stride + i]), values[r], sum);
      hn::StoreU(sum, d, out + i * width + at);
    }
  }
}

// rows [count, width] of floats from activations; what lies beyond `size` in a row is zero.
template <typename T>
void load_rows(const T* x, std::size_t stride, std::size_t count, std::size_t size, std::size_t width, float* rows) {
  for (std::size_t r = 0; r < count; ++r, x += stride, rows += width) {
    for_vectors(
        size, [&](std::size_t i) { store(load(x + i), rows + i); }, [&](std::size_t i) { rows[i] = load_one(x + i); });
    std::fill(rows + size, rows + width, 0.0F);
  }
}

template <typename T>
void store_rows(const float* rows, std::size_t width, std::size_t count, std::size_t size, T* x, std::size_t stride) {
  for (std::size_t r = 0; r < count; ++r, x += stride, rows += width)
    for_vectors(
        size, [&](std::size_t i) { store(load(rows + i), x + i); }, [&](std::size_t i) { store_one(rows[i], x + i); });
}

// out [size, width] = the transpose of rows [count, row_width]; columns beyond count are zero.
void transpose(const float* rows, std::size_t row_width, std::size_t count, std::size_t size, std::size_t width,
               float* out) {
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t r = 0; r < count; ++r) out[i * width + r] = rows[r * row_width + i];
    std::fill(out + i * width + count, out + (i + 1) * width, 0.0F);
  }
}

// The keys that query `token` sees.
std::size_t seen(const AttentionShape& shape, std::size_t token) {
  return shape.causal ? std::min(token + 1, shape.valid) : shape.valid;
}

// scores[0..n) to exp(scale * score - log_sum), the rest of the row to 0.
void to_probabilities(float* scores, std::size_t n, std::size_t width, float scale, float log_sum) {
  const Floats d;
  const auto factor = hn::Set(d, scale);
  const auto shift = hn::Set(d, log_sum);
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < padded(n); i += lanes)
    hn::StoreU(hn::Exp(d, hn::MulSub(factor, hn::LoadU(d, scores + i), shift)), d, scores + i);
  std::fill(scores + n, scores + width, 0.0F);
}

// scores[0..n) to their softmax, the rest of the row to 0; returns the log of the sum of exponents.
float softmax(float* scores, std::size_t n, std::size_t width, float scale) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, scale);
  const auto lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto largest = lowest;
  for (std::size_t i = 0; i < n; i += lanes) {
    const auto scaled = hn::Mul(factor, hn::LoadU(d, scores + i));
    largest = hn::Max(largest, hn::IfThenElse(hn::FirstN(d, n - i), scaled, lowest));
  }
  const auto shift = hn::MaxOfLanes(d, largest);
  auto sums = hn::Zero(d);
  for (std::size_t i = 0; i < n; i += lanes) {
    const auto exponents = hn::Exp(d, hn::MulSub(factor, hn::LoadU(d, scores + i), shift));
    const auto kept = hn::IfThenElseZero(hn::FirstN(d, n - i), exponents);
    hn::StoreU(kept, d, scores + i);
    sums = hn::Add(sums, kept);
  }
  const float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  const auto inverse = hn::Set(d, 1.0F / sum);
  for (std::size_t i = 0; i < n; i += lanes) hn::StoreU(hn::Mul(inverse, hn::LoadU(d, scores + i)), d, scores + i);
  std::fill(scores + padded(n), scores + width, 0.0F);
  return hn::GetLane(shift) + std::log(sum);
}

// Parts of a scratch buffer, one after the other.
class Parts {
 public:
  Parts(Scratch& scratch, std::size_t size) {
    if (scratch.size() < size) scratch.resize(size);
    next_ = scratch.data();
  }
  float* take(std::size_t size) {
    float* part = next_;
    next_ += size;
    return part;
  }

 private:
  float* next_;
};

template <typename T>
void forward(const AttentionShape& shape, const T* q, const T* k, const T* v, T* out, float* log_sums,
             Scratch& scratch) {
  const std::size_t keys = padded(shape.valid);
  const std::size_t width = padded(shape.head_size);
  Parts parts(scratch, shape.valid * 2 * width + shape.head_size * keys + kRows * (2 * width + keys));
  float* key_rows = parts.take(shape.valid * width);
  float* values = parts.take(shape.valid * width);
  float* key_columns = parts.take(shape.head_size * keys);
  float* queries = parts.take(kRows * width);
  float* result = parts.take(kRows * width);
  float* scores = parts.take(kRows * keys);
  load_rows(k, shape.key_stride, shape.valid, shape.head_size, width, key_rows);
  load_rows(v, shape.key_stride, shape.valid, shape.head_size, width, values);
  transpose(key_rows, width, shape.valid, shape.head_size, keys, key_columns);

  std::fill(queries, queries + kRows * width, 0.0F);
  for (std::size_t first = 0; first < shape.queries; first += kRows) {
    const std::size_t rows = std::min(kRows, shape.queries - first);
    load_rows(q + first * shape.query_stride, shape.query_stride, rows, shape.head_size, width, queries);
    multiply_rows(queries, width, shape.head_size, key_columns, keys, scores);
    for (std::size_t r = 0; r < rows; ++r)
      log_sums[first + r] = softmax(scores + r * keys, seen(shape, first + r), keys, shape.scale);
    multiply_rows(scores, keys, shape.valid, values, width, result);
    store_rows(result, width, rows, shape.head_size, out + first * shape.out_stride, shape.out_stride);
  }
}

// One row's gradient of the scores: probability * (gradient - <out, out_gradient>) * scale, in place of the gradient.
void score_gradient(const float* probabilities, std::size_t keys, float product, float scale, float* gradient) {
  const Floats d;
  const auto shift = hn::Set(d, product);
  const auto factor = hn::Set(d, scale);
  for (std::size_t i = 0; i < keys; i += hn::Lanes(d)) {
    const auto centred = hn::Sub(hn::LoadU(d, gradient + i), shift);
    hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, probabilities + i), centred), factor), d, gradient + i);
  }
}

float dot(const float* x, const float* y, std::size_t n) {
  const Floats d;
  auto sums = hn::Zero(d);
  for (std::size_t i = 0; i < n; i += hn::Lanes(d)) sums = hn::MulAdd(hn::LoadU(d, x + i), hn::LoadU(d, y + i), sums);
  return hn::GetLane(hn::SumOfLanes(d, sums));
}

template <typename T>
void backward(const AttentionShape& shape, const T* q, const T* k, const T* v, const T* out, const float* log_sums,
              const T* out_gradient, T* q_gradient, T* k_gradient, T* v_gradient, Scratch& scratch) {
  const std::size_t keys = padded(shape.valid);
  const std::size_t width = padded(shape.head_size);
  Parts parts(scratch, shape.valid * 4 * width + 2 * shape.head_size * keys + kRows * (4 * width + 2 * keys));
  float* key_rows = parts.take(shape.valid * width);
  float* value_rows = parts.take(shape.valid * width);
  float* key_sums = parts.take(shape.valid * width);
  float* value_sums = parts.take(shape.valid * width);
  float* key_columns = parts.take(shape.head_size * keys);
  float* value_columns = parts.take(shape.head_size * keys);
  float* queries = parts.take(kRows * width);
  float* results = parts.take(kRows * width);
  float* gradients = parts.take(kRows * width);
  float* products = parts.take(kRows * width);
  float* scores = parts.take(kRows * keys);
  float* score_gradients = parts.take(kRows * keys);
  load_rows(k, shape.key_stride, shape.valid, shape.head_size, width, key_rows);
  load_rows(v, shape.key_stride, shape.valid, shape.head_size, width, value_rows);
  transpose(key_rows, width, shape.valid, shape.head_size, keys, key_columns);
  transpose(value_rows, width, shape.valid, shape.head_size, keys, value_columns);
  std::fill(key_sums, key_sums + shape.valid * width, 0.0F);
  std::fill(value_sums, value_sums + shape.valid * width, 0.0F);

  for (std::size_t first = 0; first < shape.queries; first += kRows) {
    const std::size_t rows = std::min(kRows, shape.queries - first);
    std::fill(queries, queries + kRows * width, 0.0F);
    std::fill(gradients, gradients + kRows * width, 0.0F);
    load_rows(q + first * shape.query_stride, shape.query_stride, rows, shape.head_size, width, queries);
    load_rows(out + first * shape.out_stride, shape.out_stride, rows, shape.head_size, width, results);
    load_rows(out_gradient + first * shape.out_stride, shape.out_stride, rows, shape.head_size, width, gradients);
    multiply_rows(queries, width, shape.head_size, key_columns, keys, scores);
    multiply_rows(gradients, width, shape.head_size, value_columns, keys, score_gradients);
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::size_t n = r < rows ? seen(shape, first + r) : 0;
      to_probabilities(scores + r * keys, n, keys, shape.scale, r < rows ? log_sums[first + r] : 0.0F);
      score_gradient(scores + r * keys, keys, r < rows ? dot(results + r * width, gradients + r * width, width) : 0.0F,
                     shape.scale, score_gradients + r * keys);
    }
    multiply_rows(score_gradients, keys, shape.valid, key_rows, width, products);
    store_rows(products, width, rows, shape.head_size, q_gradient + first * shape.query_stride, shape.query_stride);
    add_outer(score_gradients, keys, shape.valid, queries, width, key_sums);
    add_outer(scores, keys, shape.valid, gradients, width, value_sums);
  }
  store_rows(key_sums, width, shape.valid, shape.head_size, k_gradient, shape.key_stride);
  store_rows(value_sums, width, shape.valid, shape.head_size, v_gradient, shape.key_stride);
  for (std::size_t t = shape.valid; t < shape.keys; ++t)
    for (std::size_t i = 0; i < shape.head_size; ++i) {
      store_one(0.0F, k_gradient + t * shape.key_stride + i);
      store_one(0.0F, v_gradient + t * shape.key_stride + i);
    }
}

void attention_any(const AttentionShape& shape, const void* q, const void* k, const void* v, void* out, float* log_sums,
                   Scratch& scratch) {
  const auto run = [&]<typename T>(const T* queries) {
    forward(shape, queries, static_cast<const T*>(k), static_cast<const T*>(v), static_cast<T*>(out), log_sums,
            scratch);
  };
  if (shape.storage == Activation::kFloat32)
    run(static_cast<const float*>(q));
  else
    run(static_cast<const BFloat16*>(q));
}

void attention_backward_any(const AttentionShape& shape, const void* q, const void* k, const void* v, const void* out,
                            const float* log_sums, const void* out_gradient, void* q_gradient, void* k_gradient,
                            void* v_gradient, Scratch& scratch) {
  const auto run = [&]<typename T>(const T* queries) {
    backward(shape, queries, static_cast<const T*>(k), static_cast<const T*>(v), static_cast<const T*>(out), log_sums,
             static_cast<const T*>(out_gradient), static_cast<T*>(q_gradient), static_cast<T*>(k_gradient),
             static_cast<T*>(v_gradient), scratch);
  };
  if (shape.storage == Activation::kFloat32)
    run(static_cast<const float*>(q));
  else
    run(static_cast<const BFloat16*>(q));
}

}  // namespace
}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {

HWY_EXPORT(attention_any);
HWY_EXPORT(attention_backward_any);

void attention(const AttentionShape& shape, const void* q, const void* k, const void* v, void* out, float* log_sums,
               Scratch& scratch) {
  HWY_DYNAMIC_DISPATCH(attention_any)(shape, q, k, v, out, log_sums, scratch);
}

void attention_backward(const AttentionShape& shape, const void* q, const void* k, const void* v, const void* out,
                        const float* log_sums, const void* out_gradient, void* q_gradient, void* k_gradient,
                        void* v_gradient, Scratch& scratch) {
  HWY_DYNAMIC_DISPATCH(attention_backward_any)
  (shape, q, k, v, out, log_sums, out_gradient, q_gradient, k_gradient, v_gradient, scratch);
}

}  // namespace wootz::kernels
#endif
