// Philox4x32-10 on vectors: the words of many counters at once, for random.cpp and rank.cpp.
#include "wootz/kernels/simd-inl.h"

#if defined(WOOTZ_KERNELS_PHILOX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WOOTZ_KERNELS_PHILOX_INL_H_
#undef WOOTZ_KERNELS_PHILOX_INL_H_
#else
#define WOOTZ_KERNELS_PHILOX_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace wootz::kernels::HWY_NAMESPACE {
#if WOOTZ_KERNELS_HAVE_VECTORS

inline constexpr std::size_t kRandomGroup = 64;  // elements that share 16 counters (core/rng.h)

// Each word lies in the low half of a 64-bit lane; the high halves hold rubbish, which the multiplication ignores.
using Words = hn::Vec<Unsigned64>;

class Philox {
 public:
  explicit Philox(RngKey key) {
    for (int round = 0; round < kRounds; ++round) {
      keys_[round][0] = key.k0 + 0x9E3779B9u * static_cast<std::uint32_t>(round);
      keys_[round][1] = key.k1 + 0xBB67AE85u * static_cast<std::uint32_t>(round);
    }
  }

  /// Calls emit(offset, words) for the 64 elements of `group`: words holds those of elements offset .. +kLanes-1.
  template <typename Emit>
  HWY_INLINE void group(std::uint64_t group, const Emit& emit) const {
    for (std::size_t c = 0; c < 16; c += kChains * kLanes) {
      Words words[kChains][4];
      rounds(group * 16 + c, words);
      for (std::size_t word = 0; word < 4; ++word)
        for (std::size_t chain = 0; chain < kChains; ++chain) emit(word * 16 + c + chain * kLanes, words[chain][word]);
    }
  }

 private:
  static constexpr int kRounds = 10;
  static constexpr std::size_t kChains = 2;  // independent ones hide the latency of the multiplication
  static constexpr std::uint32_t kMultiplier0 = 0xD2511F53u;
  static constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57u;

  HWY_INLINE static Words multiply(Words a, Words multiplier) {
    const hn::Repartition<std::uint32_t, Unsigned64> du32;
    return hn::MulEven(hn::BitCast(du32, a), hn::BitCast(du32, multiplier));
  }

  // The first two rounds, where the counter's upper words are zero and its second is common to the group.
  HWY_INLINE void start(std::uint64_t counter, Words (&words)[kChains][4]) const {
    const Unsigned64 d;
    const std::uint64_t common = std::uint64_t{kMultiplier0} * ((counter >> 32) ^ keys_[0][0]);
    for (std::size_t chain = 0; chain < kChains; ++chain) {
      auto& w = words[chain];
      const auto product0 = multiply(hn::Iota(d, counter + chain * kLanes), hn::Set(d, std::uint64_t{kMultiplier0}));
      const auto third = hn::Xor(hn::ShiftRight<32>(product0), hn::Set(d, keys_[0][1]));
      const auto product1 = multiply(third, hn::Set(d, std::uint64_t{kMultiplier1}));
      w[0] = hn::Xor(hn::ShiftRight<32>(product1), hn::Set(d, keys_[1][0]));
      w[1] = product1;
      w[2] = hn::Xor(product0, hn::Set(d, (common >> 32) ^ keys_[1][1]));
      w[3] = hn::Set(d, common);
    }
  }

  HWY_INLINE void rounds(std::uint64_t counter, Words (&words)[kChains][4]) const {
    const Unsigned64 d;
    const auto multiplier0 = hn::Set(d, std::uint64_t{kMultiplier0});
    const auto multiplier1 = hn::Set(d, std::uint64_t{kMultiplier1});
    start(counter, words);
    for (int round = 2; round < kRounds; ++round) {
      const auto key0 = hn::Set(d, keys_[round][0]);
      const auto key1 = hn::Set(d, keys_[round][1]);
      for (std::size_t chain = 0; chain < kChains; ++chain) {
        auto& w = words[chain];
        const auto product0 = multiply(w[0], multiplier0);
        const auto product1 = multiply(w[2], multiplier1);
        w[0] = hn::Xor3(hn::ShiftRight<32>(product1), w[1], key0);
        w[2] = hn::Xor3(hn::ShiftRight<32>(product0), w[3], key1);
        w[1] = product1;
        w[3] = product0;
      }
    }
  }

  std::uint64_t keys_[kRounds][2];
};

// The bits of elements first .. first+n-1; groups cut by the ends go through a buffer.
HWY_INLINE void random_words(RngKey key, std::uint64_t first, std::size_t n, std::uint32_t* out) {
  const Philox philox(key);
  const Unsigned32 du32;
  for (std::size_t i = 0; i < n;) {
    const std::uint64_t group = (first + i) / kRandomGroup;
    const auto skipped = static_cast<std::size_t>((first + i) % kRandomGroup);
    const std::size_t count = kRandomGroup - skipped < n - i ? kRandomGroup - skipped : n - i;
    std::uint32_t cut[kRandomGroup];
    std::uint32_t* const target = count == kRandomGroup ? out + i : cut;
    philox.group(group, [target, du32](std::size_t offset, Words words)
                            HWY_ATTR { hn::StoreU(hn::TruncateTo(du32, words), du32, target + offset); });
    if (count != kRandomGroup)
      for (std::size_t j = 0; j < count; ++j) out[i + j] = cut[skipped + j];
    i += count;
  }
}

#endif
}  // namespace wootz::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
