#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/elementwise.cpp"
#include "hwy/foreach_target.h"
//
#include "wootz/kernels/lanes.h"
#include "wootz/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS
namespace {

void add(double* x, const double* y, std::size_t n) {
  const Doubles d;
  const std::size_t end = whole(n, kLanes);
  for (std::size_t i = 0; i < end; i += kLanes) hn::StoreU(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, x + i);
  reference::add(x + end, y + end, n - end);
}

void subtract(double* x, const double* y, std::size_t n) {
  const Doubles d;
  const std::size_t end = whole(n, kLanes);
  for (std::size_t i = 0; i < end; i += kLanes) hn::StoreU(hn::Sub(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, x + i);
  reference::subtract(x + end, y + end, n - end);
}

void scale(double* x, double factor, std::size_t n) {
  const Doubles d;
  const auto factors = hn::Set(d, factor);
  const std::size_t end = whole(n, kLanes);
  for (std::size_t i = 0; i < end; i += kLanes) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), factors), d, x + i);
  reference::scale(x + end, factor, n - end);
}

// kCount lanes, their pointers and weights in registers.
template <int kCount, bool kHasBase>
void weighted_sum_fixed(const double* base, double factor, const double* const* x, const double* weights, double* out,
                        std::size_t end) {
  const Doubles d;
  const double* lanes[kCount];
  Value w[kCount];
  for (int k = 0; k < kCount; ++k) {
    lanes[k] = x[k];
    w[k] = hn::Set(d, weights[k]);
  }
  const auto factors = hn::Set(d, factor);
  for (std::size_t i = 0; i < end; i += kLanes) {
    auto sum = hn::Mul(w[0], hn::LoadU(d, lanes[0] + i));
    for (int k = 1; k < kCount; ++k) sum = hn::Add(sum, hn::Mul(w[k], hn::LoadU(d, lanes[k] + i)));
    sum = hn::Mul(factors, sum);
    if constexpr (kHasBase) sum = hn::Add(hn::LoadU(d, base + i), sum);
    hn::StoreU(sum, d, out + i);
  }
}

// Any number of lanes: four vectors at a time hide the latency of the sums.
void weighted_sum_any(const double* base, double factor, std::span<const double* const> x,
                      std::span<const double> weights, double* out, std::size_t end) {
  const Doubles d;
  const auto factors = hn::Set(d, factor);
  for (std::size_t i = 0; i < end; i += 4 * kLanes) {
    Value sums[4];
    for (std::size_t v = 0; v < 4; ++v) sums[v] = hn::Mul(hn::Set(d, weights[0]), hn::LoadU(d, x[0] + i + v * kLanes));
    for (std::size_t k = 1; k < x.size(); ++k) {
      const auto w = hn::Set(d, weights[k]);
      for (std::size_t v = 0; v < 4; ++v) sums[v] = hn::Add(sums[v], hn::Mul(w, hn::LoadU(d, x[k] + i + v * kLanes)));
    }
    for (std::size_t v = 0; v < 4; ++v) {
      auto sum = hn::Mul(factors, sums[v]);
      if (base != nullptr) sum = hn::Add(hn::LoadU(d, base + i + v * kLanes), sum);
      hn::StoreU(sum, d, out + i + v * kLanes);
    }
  }
}

template <int kCount>
void weighted_sum_known(const double* base, double factor, const double* const* x, const double* weights, double* out,
                        std::size_t end) {
  if (base != nullptr) return weighted_sum_fixed<kCount, true>(base, factor, x, weights, out, end);
  weighted_sum_fixed<kCount, false>(base, factor, x, weights, out, end);
}

void weighted_sum(const double* base, double factor, std::span<const double* const> x, std::span<const double> weights,
                  double* out, std::size_t n) {
  const std::size_t end = x.empty() ? 0 : whole(n, 4 * kLanes);
  if (x.size() == 1)
    weighted_sum_known<1>(base, factor, x.data(), weights.data(), out, end);
  else if (x.size() == 2)
    weighted_sum_known<2>(base, factor, x.data(), weights.data(), out, end);
  else if (x.size() == 3)
    weighted_sum_known<3>(base, factor, x.data(), weights.data(), out, end);
  else if (x.size() == 4)
    weighted_sum_known<4>(base, factor, x.data(), weights.data(), out, end);
  else if (x.size() > 4)
    weighted_sum_any(base, factor, x, weights, out, end);
  const LanesFrom rest(x, end);
  reference::weighted_sum(base != nullptr ? base + end : nullptr, factor, rest.span(), weights, out + end, n - end);
}

void variance(std::span<const double* const> x, double* out, std::size_t n) {
  const Doubles d;
  const std::size_t end = x.empty() ? 0 : whole(n, kLanes);
  const auto count = hn::Set(d, static_cast<double>(x.size()));
  for (std::size_t i = 0; i < end; i += kLanes) {
    auto mean = hn::LoadU(d, x[0] + i);
    for (std::size_t k = 1; k < x.size(); ++k) mean = hn::Add(mean, hn::LoadU(d, x[k] + i));
    mean = hn::Div(mean, count);
    auto sum = hn::Zero(d);
    for (const double* lane : x) {
      const auto distance = hn::Sub(hn::LoadU(d, lane + i), mean);
      sum = hn::Add(sum, hn::Mul(distance, distance));
    }
    hn::StoreU(hn::Div(sum, count), d, out + i);
  }
  const LanesFrom rest(x, end);
  reference::variance(rest.span(), out + end, n - end);
}

}  // namespace
#endif

void fill_elementwise([[maybe_unused]] KernelTable& table) {
#if WOOTZ_KERNELS_HAVE_VECTORS
  table.add = &add;
  table.subtract = &subtract;
  table.scale = &scale;
  table.weighted_sum = &weighted_sum;
  table.variance = &variance;
#endif
}

}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {
WOOTZ_DEFINE_FILL(fill_elementwise)
}  // namespace wootz::kernels
#endif
