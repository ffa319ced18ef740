#include <cmath>

#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/network/quick_gelu.cpp"
#include "hwy/foreach_target.h"
//
#include "wootz/kernels/network/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
namespace {

constexpr float kSlope = 1.702F;

// 1 / (1 + exp(-kSlope z)). The reciprocal is an estimate of 12 bits or more and one Newton step, a third of the time
// of a division; the bound keeps the exponential finite, which the step needs.
HWY_INLINE Vector sigmoid(Vector z) {
  constexpr float kMostExponent = 80.0F;
  const Floats d;
  const auto one = hn::Set(d, 1.0F);
  const auto exponent = hn::Min(hn::Mul(hn::Set(d, -kSlope), z), hn::Set(d, kMostExponent));
  const auto divisor = hn::Add(one, hn::Exp(d, exponent));
  const auto estimate = hn::ApproximateReciprocal(divisor);
  return hn::Mul(estimate, hn::NegMulAdd(divisor, estimate, hn::Set(d, 2.0F)));
}
HWY_INLINE float sigmoid_one(float z) { return 1.0F / (1.0F + std::exp(-kSlope * z)); }

template <typename T>
void forward(const T* x, const float* bias, std::size_t rows, std::size_t width, T* y) {
  for (std::size_t row = 0; row < rows; ++row, x += width, y += width)
    for_vectors(
        width,
        [&](std::size_t i) {
          const auto z = bias == nullptr ? load(x + i) : hn::Add(load(x + i), load(bias + i));
          store(hn::Mul(z, sigmoid(z)), y + i);
        },
        [&](std::size_t i) {
          const float z = load_one(x + i) + (bias == nullptr ? 0.0F : bias[i]);
          store_one(z * sigmoid_one(z), y + i);
        });
}

template <typename T>
void backward(const T* x, const float* bias, const T* y_gradient, std::size_t rows, std::size_t width, T* x_gradient,
              float* bias_gradient) {
  const Floats d;
  const auto one = hn::Set(d, 1.0F);
  for (std::size_t row = 0; row < rows; ++row, x += width, y_gradient += width, x_gradient += width)
    for_vectors(
        width,
        [&](std::size_t i) {
          const auto z = bias == nullptr ? load(x + i) : hn::Add(load(x + i), load(bias + i));
          const auto s = sigmoid(z);
          const auto slope = hn::MulAdd(hn::Mul(hn::Set(d, kSlope), z), hn::Mul(s, hn::Sub(one, s)), s);
          const auto gradient = hn::Mul(load(y_gradient + i), slope);
          store(gradient, x_gradient + i);
          if (bias_gradient != nullptr) store(hn::Add(load(bias_gradient + i), gradient), bias_gradient + i);
        },
        [&](std::size_t i) {
          const float z = load_one(x + i) + (bias == nullptr ? 0.0F : bias[i]);
          const float s = sigmoid_one(z);
          const float gradient = load_one(y_gradient + i) * (s + kSlope * z * s * (1.0F - s));
          store_one(gradient, x_gradient + i);
          if (bias_gradient != nullptr) bias_gradient[i] += gradient;
        });
}

void quick_gelu_any(Activation storage, const void* x, const float* bias, std::size_t rows, std::size_t width,
                    void* y) {
  if (storage == Activation::kFloat32)
    forward(static_cast<const float*>(x), bias, rows, width, static_cast<float*>(y));
  else
    forward(static_cast<const BFloat16*>(x), bias, rows, width, static_cast<BFloat16*>(y));
}

void quick_gelu_backward_any(Activation storage, const void* x, const float* bias, const void* y_gradient,
                             std::size_t rows, std::size_t width, void* x_gradient, float* bias_gradient) {
  if (storage == Activation::kFloat32)
    backward(static_cast<const float*>(x), bias, static_cast<const float*>(y_gradient), rows, width,
             static_cast<float*>(x_gradient), bias_gradient);
  else
    backward(static_cast<const BFloat16*>(x), bias, static_cast<const BFloat16*>(y_gradient), rows, width,
             static_cast<BFloat16*>(x_gradient), bias_gradient);
}

}  // namespace
}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {

HWY_EXPORT(quick_gelu_any);
HWY_EXPORT(quick_gelu_backward_any);

void quick_gelu(Activation storage, const void* x, const float* bias, std::size_t rows, std::size_t width, void* y) {
  HWY_DYNAMIC_DISPATCH(quick_gelu_any)(storage, x, bias, rows, width, y);
}

void quick_gelu_backward(Activation storage, const void* x, const float* bias, const void* y_gradient, std::size_t rows,
                         std::size_t width, void* x_gradient, float* bias_gradient) {
  HWY_DYNAMIC_DISPATCH(quick_gelu_backward_any)
  (storage, x, bias, y_gradient, rows, width, x_gradient, bias_gradient);
}

}  // namespace wootz::kernels
#endif
