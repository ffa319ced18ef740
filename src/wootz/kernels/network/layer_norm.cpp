#include <cmath>

#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/network/layer_norm.cpp"
#include "hwy/foreach_target.h"
//
#include "wootz/kernels/network/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
namespace {

// new_stream = stream + branch + bias; returns the sum of the row.
template <typename T>
float add_row(std::size_t width, const float* stream, const T* branch, const float* bias, float* out) {
  const Floats d;
  auto sums = hn::Zero(d);
  float rest = 0.0F;
  for_vectors(
      width,
      [&](std::size_t i) {
        auto value = load(stream + i);
        if (branch != nullptr) value = hn::Add(value, load(branch + i));
        if (bias != nullptr) value = hn::Add(value, load(bias + i));
        store(value, out + i);
        sums = hn::Add(sums, value);
      },
      [&](std::size_t i) {
        float value = stream[i];
        if (branch != nullptr) value += load_one(branch + i);
        if (bias != nullptr) value += bias[i];
        out[i] = value;
        rest += value;
      });
  return hn::GetLane(hn::SumOfLanes(d, sums)) + rest;
}

float squared_distances(std::size_t width, const float* x, float mean) {
  const Floats d;
  const auto means = hn::Set(d, mean);
  auto sums = hn::Zero(d);
  float rest = 0.0F;
  for_vectors(
      width,
      [&](std::size_t i) {
        const auto distance = hn::Sub(load(x + i), means);
        sums = hn::MulAdd(distance, distance, sums);
      },
      [&](std::size_t i) { rest += (x[i] - mean) * (x[i] - mean); });
  return hn::GetLane(hn::SumOfLanes(d, sums)) + rest;
}

template <typename Branch, typename T>
void forward(const LayerNormShape& shape, const float* stream, const Branch* branch, const float* bias,
             const float* weight, const float* offset, float* new_stream, T* y, float* mean, float* inverse_deviation) {
  const Floats d;
  const auto n = static_cast<float>(shape.width);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::size_t at = row * shape.width;
    float* x = new_stream + at;
    mean[row] = add_row(shape.width, stream + at, branch == nullptr ? nullptr : branch + at, bias, x) / n;
    const float variance = squared_distances(shape.width, x, mean[row]) / n;
    inverse_deviation[row] = 1.0F / std::sqrt(variance + shape.epsilon);
    const auto means = hn::Set(d, mean[row]);
    const auto scales = hn::Set(d, inverse_deviation[row]);
    T* out = y + at;
    for_vectors(
        shape.width,
        [&](std::size_t i) {
          const auto unit = hn::Mul(hn::Sub(load(x + i), means), scales);
          store(hn::MulAdd(unit, load(weight + i), load(offset + i)), out + i);
        },
        [&](std::size_t i) {
          store_one((x[i] - mean[row]) * inverse_deviation[row] * weight[i] + offset[i], out + i);
        });
  }
}

// The sums of g = y' w and of g * unit over a row; adds to the parameters' gradients on the way.
struct RowSums {
  float gradient = 0.0F;
  float projection = 0.0F;
};

template <typename T>
RowSums row_sums(std::size_t width, const float* x, float mean, float scale, const float* weight, const T* y_gradient,
                 float* weight_gradient, float* offset_gradient) {
  const Floats d;
  const auto means = hn::Set(d, mean);
  const auto scales = hn::Set(d, scale);
  auto gradients = hn::Zero(d);
  auto projections = hn::Zero(d);
  RowSums rest;
  for_vectors(
      width,
      [&](std::size_t i) {
        const auto unit = hn::Mul(hn::Sub(load(x + i), means), scales);
        const auto out = load(y_gradient + i);
        const auto gradient = hn::Mul(out, load(weight + i));
        gradients = hn::Add(gradients, gradient);
        projections = hn::MulAdd(gradient, unit, projections);
        if (weight_gradient != nullptr) store(hn::MulAdd(out, unit, load(weight_gradient + i)), weight_gradient + i);
        if (offset_gradient != nullptr) store(hn::Add(load(offset_gradient + i), out), offset_gradient + i);
      },
      [&](std::size_t i) {
        const float unit = (x[i] - mean) * scale;
        const float out = load_one(y_gradient + i);
        rest.gradient += out * weight[i];
        rest.projection += out * weight[i] * unit;
        if (weight_gradient != nullptr) weight_gradient[i] += out * unit;
        if (offset_gradient != nullptr) offset_gradient[i] += out;
      });
  return {hn::GetLane(hn::SumOfLanes(d, gradients)) + rest.gradient,
          hn::GetLane(hn::SumOfLanes(d, projections)) + rest.projection};
}

template <typename T>
void backward(const LayerNormShape& shape, const float* new_stream, const float* mean, const float* inverse_deviation,
              const float* weight, const T* y_gradient, const float* new_stream_gradient, float* stream_gradient,
              float* weight_gradient, float* offset_gradient, float* bias_gradient) {
  const Floats d;
  const auto n = static_cast<float>(shape.width);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::size_t at = row * shape.width;
    const float* x = new_stream + at;
    const T* out = y_gradient + at;
    const float scale = inverse_deviation[row];
    const RowSums sums = row_sums(shape.width, x, mean[row], scale, weight, out, weight_gradient, offset_gradient);
    const float mean_gradient = sums.gradient / n;
    const float mean_projection = sums.projection / n;
    for_vectors(
        shape.width,
        [&](std::size_t i) {
          const auto unit = hn::Mul(hn::Sub(load(x + i), hn::Set(d, mean[row])), hn::Set(d, scale));
          const auto g = hn::Mul(load(out + i), load(weight + i));
          const auto inner = hn::NegMulAdd(unit, hn::Set(d, mean_projection), hn::Sub(g, hn::Set(d, mean_gradient)));
          auto gradient = hn::Mul(inner, hn::Set(d, scale));
          if (new_stream_gradient != nullptr) gradient = hn::Add(gradient, load(new_stream_gradient + at + i));
          store(gradient, stream_gradient + at + i);
          if (bias_gradient != nullptr) store(hn::Add(load(bias_gradient + i), gradient), bias_gradient + i);
        },
        [&](std::size_t i) {
          const float unit = (x[i] - mean[row]) * scale;
          const float g = load_one(out + i) * weight[i];
          float gradient = (g - mean_gradient - unit * mean_projection) * scale;
          if (new_stream_gradient != nullptr) gradient += new_stream_gradient[at + i];
          stream_gradient[at + i] = gradient;
          if (bias_gradient != nullptr) bias_gradient[i] += gradient;
        });
  }
}

void add_layer_norm_any(const LayerNormShape& shape, const float* stream, const void* branch, const float* bias,
                        const float* weight, const float* offset, float* new_stream, void* y, float* mean,
                        float* inverse_deviation) {
  const auto run = [&](const auto* typed_branch, auto* typed_y) {
    forward(shape, stream, typed_branch, bias, weight, offset, new_stream, typed_y, mean, inverse_deviation);
  };
  if (shape.branch_storage == Activation::kFloat32)
    run(static_cast<const float*>(branch), static_cast<float*>(y));
  else if (shape.storage == Activation::kFloat32)
    run(static_cast<const BFloat16*>(branch), static_cast<float*>(y));
  else
    run(static_cast<const BFloat16*>(branch), static_cast<BFloat16*>(y));
}

void add_layer_norm_backward_any(const LayerNormShape& shape, const float* new_stream, const float* mean,
                                 const float* inverse_deviation, const float* weight, const void* y_gradient,
                                 const float* new_stream_gradient, float* stream_gradient, float* weight_gradient,
                                 float* offset_gradient, float* bias_gradient) {
  if (shape.storage == Activation::kFloat32)
    backward(shape, new_stream, mean, inverse_deviation, weight, static_cast<const float*>(y_gradient),
             new_stream_gradient, stream_gradient, weight_gradient, offset_gradient, bias_gradient);
  else
    backward(shape, new_stream, mean, inverse_deviation, weight, static_cast<const BFloat16*>(y_gradient),
             new_stream_gradient, stream_gradient, weight_gradient, offset_gradient, bias_gradient);
}

}  // namespace
}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {

HWY_EXPORT(add_layer_norm_any);
HWY_EXPORT(add_layer_norm_backward_any);

void add_layer_norm(const LayerNormShape& shape, const float* stream, const void* branch, const float* bias,
                    const float* weight, const float* offset, float* new_stream, void* y, float* mean,
                    float* inverse_deviation) {
  HWY_DYNAMIC_DISPATCH(add_layer_norm_any)
  (shape, stream, branch, bias, weight, offset, new_stream, y, mean, inverse_deviation);
}

void add_layer_norm_backward(const LayerNormShape& shape, const float* new_stream, const float* mean,
                             const float* inverse_deviation, const float* weight, const void* y_gradient,
                             const float* new_stream_gradient, float* stream_gradient, float* weight_gradient,
                             float* offset_gradient, float* bias_gradient) {
  HWY_DYNAMIC_DISPATCH(add_layer_norm_backward_any)
  (shape, new_stream, mean, inverse_deviation, weight, y_gradient, new_stream_gradient, stream_gradient,
   weight_gradient, offset_gradient, bias_gradient);
}

}  // namespace wootz::kernels
#endif
