#include "wootz/kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wootz/kernels/consensus.cpp"
#include "hwy/foreach_target.h"
//
#include "wootz/kernels/lanes.h"
#include "wootz/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS
namespace {

HWY_INLINE Value sum_at(std::span<const double* const> x, std::size_t i) {
  const Doubles d;
  auto sum = hn::LoadU(d, x[0] + i);
  for (std::size_t k = 1; k < x.size(); ++k) sum = hn::Add(sum, hn::LoadU(d, x[k] + i));
  return sum;
}

// The sign bit where the elected sign is negative: flipped by it, values of that sign are positive.
HWY_INLINE Value sign_flip(ValueMask positive) { return hn::IfThenZeroElse(positive, hn::SignBit(Doubles())); }

HWY_INLINE ValueMask is_positive(Value flipped) { return hn::Gt(flipped, hn::Zero(Doubles())); }

// What follows the election: the normalization, the factor and the base.
struct Finish {
  const Consensus& options;
  const double* base;
  double* out;

  HWY_INLINE void operator()(Value mixed, Value kept_weight, std::size_t i) const {
    const Doubles d;
    if (options.normalize) {
      const auto floor = hn::Set(d, options.floor);
      auto divisor = hn::IfThenElse(hn::Lt(hn::Abs(kept_weight), floor), floor, kept_weight);
      divisor = hn::IfThenElse(hn::Eq(divisor, hn::Zero(d)), hn::Set(d, 1.0), divisor);
      mixed = hn::Div(mixed, divisor);
    }
    mixed = hn::Mul(hn::Set(d, options.factor), mixed);
    if (base != nullptr) mixed = hn::Add(hn::LoadU(d, base + i), mixed);
    hn::StoreU(mixed, d, out + i);
  }
};

// kCount lanes, all in registers.
template <int kCount, Vote kVote>
void consensus_fixed(const double* const* x, const double* weights, std::size_t end, const Finish& finish) {
  const Doubles d;
  const double* lanes[kCount];
  Value w[kCount];
  for (int k = 0; k < kCount; ++k) {
    lanes[k] = x[k];
    w[k] = hn::Set(d, weights[k]);
  }
  for (std::size_t i = 0; i < end; i += kLanes) {
    Value products[kCount];
    Value votes[kCount];
    for (int k = 0; k < kCount; ++k) {
      const auto values = hn::LoadU(d, lanes[k] + i);
      products[k] = hn::Mul(w[k], values);
      votes[k] = kVote == Vote::kWeighted ? products[k] : values;
    }
    auto sum = votes[0];
    for (int k = 1; k < kCount; ++k) sum = hn::Add(sum, votes[k]);
    const auto flip = sign_flip(hn::Ge(sum, hn::Zero(d)));
    auto mixed = hn::Zero(d);
    auto kept_weight = hn::Zero(d);
    for (int k = 0; k < kCount; ++k) {
      const auto kept = is_positive(hn::Xor(votes[k], flip));
      mixed = hn::Add(mixed, hn::IfThenElseZero(kept, products[k]));
      kept_weight = hn::Add(kept_weight, hn::IfThenElseZero(kept, w[k]));
    }
    finish(mixed, kept_weight, i);
  }
}

// Any number of lanes, read twice.
void consensus_any(Vote vote, std::span<const double* const> x, const double* weights, std::size_t end,
                   const Finish& finish) {
  const Doubles d;
  // A plain vote is one of weight 1, exactly.
  const bool weighted = vote == Vote::kWeighted;
  const auto one = hn::Set(d, 1.0);
  for (std::size_t i = 0; i < end; i += kLanes) {
    auto sum = hn::Mul(weighted ? hn::Set(d, weights[0]) : one, hn::LoadU(d, x[0] + i));
    for (std::size_t k = 1; k < x.size(); ++k)
      sum = hn::Add(sum, hn::Mul(weighted ? hn::Set(d, weights[k]) : one, hn::LoadU(d, x[k] + i)));
    const auto flip = sign_flip(hn::Ge(sum, hn::Zero(d)));
    auto mixed = hn::Zero(d);
    auto kept_weight = hn::Zero(d);
    for (std::size_t k = 0; k < x.size(); ++k) {
      const auto w = hn::Set(d, weights[k]);
      const auto values = hn::LoadU(d, x[k] + i);
      const auto product = hn::Mul(w, values);
      const auto kept = is_positive(hn::Xor(weighted ? product : values, flip));
      mixed = hn::Add(mixed, hn::IfThenElseZero(kept, product));
      kept_weight = hn::Add(kept_weight, hn::IfThenElseZero(kept, w));
    }
    finish(mixed, kept_weight, i);
  }
}

template <int kCount>
void consensus_known(Vote vote, const double* const* x, const double* weights, std::size_t end, const Finish& finish) {
  if (vote == Vote::kWeighted) return consensus_fixed<kCount, Vote::kWeighted>(x, weights, end, finish);
  consensus_fixed<kCount, Vote::kPlain>(x, weights, end, finish);
}

void consensus(const Consensus& options, const double* base, std::span<const double* const> x,
               std::span<const double> weights, double* out, std::size_t n) {
  const std::size_t end = x.empty() ? 0 : whole(n, kLanes);
  const Finish finish{options, base, out};
  if (x.size() == 2)
    consensus_known<2>(options.vote, x.data(), weights.data(), end, finish);
  else if (x.size() == 3)
    consensus_known<3>(options.vote, x.data(), weights.data(), end, finish);
  else if (x.size() == 4)
    consensus_known<4>(options.vote, x.data(), weights.data(), end, finish);
  else if (!x.empty())
    consensus_any(options.vote, x, weights.data(), end, finish);
  const LanesFrom rest(x, end);
  reference::consensus(options, base != nullptr ? base + end : nullptr, rest.span(), weights, out + end, n - end);
}

void elect_sign(std::span<double* const> x, double zero_sign, std::size_t n) {
  const Doubles d;
  const auto zero = hn::Zero(d);
  const std::size_t end = x.empty() ? 0 : whole(n, kLanes);
  for (std::size_t i = 0; i < end; i += kLanes) {
    auto sum = hn::LoadU(d, x[0] + i);
    for (std::size_t k = 1; k < x.size(); ++k) sum = hn::Add(sum, hn::LoadU(d, x[k] + i));
    const auto flip = sign_flip(zero_sign > 0.0 ? hn::Ge(sum, zero) : hn::Gt(sum, zero));
    for (double* lane : x) {
      const auto values = hn::LoadU(d, lane + i);
      const auto other = hn::Lt(hn::Xor(values, flip), zero);
      hn::StoreU(hn::IfThenZeroElse(other, values), d, lane + i);
    }
  }
  const LanesFrom rest(x, end);
  reference::elect_sign(rest.span(), zero_sign, n - end);
}

std::int64_t sign_balance(std::span<const double* const> x, std::size_t n) {
  const Doubles d;
  const auto zero = hn::Zero(d);
  const std::size_t end = x.empty() ? 0 : whole(n, kLanes);
  std::size_t positive = 0;
  std::size_t negative = 0;
  for (std::size_t i = 0; i < end; i += kLanes) {
    const auto sum = sum_at(x, i);
    positive += hn::CountTrue(d, hn::Gt(sum, zero));
    negative += hn::CountTrue(d, hn::Lt(sum, zero));
  }
  const LanesFrom rest(x, end);
  return static_cast<std::int64_t>(positive) - static_cast<std::int64_t>(negative) +
         reference::sign_balance(rest.span(), n - end);
}

}  // namespace
#endif

void fill_consensus([[maybe_unused]] KernelTable& table) {
#if WOOTZ_KERNELS_HAVE_VECTORS
  table.consensus = &consensus;
  table.elect_sign = &elect_sign;
  table.sign_balance = &sign_balance;
#endif
}

}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace wootz::kernels {
WOOTZ_DEFINE_FILL(fill_consensus)
}  // namespace wootz::kernels
#endif
