// A counter-based random stream: a value depends only on seed, tensor name, stream and element index, so that
// thread count, tile size and order of work cannot change it. Philox4x32-10 (Salmon et al., SC 2011).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wootz {

/// The key of one stream.
struct RngKey {
  std::uint32_t k0 = 0;
  std::uint32_t k1 = 0;
};

/// The key for one use of randomness: `stream` tells apart the models (and stages) that draw for one tensor.
RngKey rng_key(std::uint64_t seed, std::string_view tensor_name, std::uint64_t stream);

/// One Philox4x32-10 block: four 32-bit words of the 128-bit counter under the key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, RngKey key);

/// The 32 random bits of element `index`. Elements are grouped by 64: word j of the counter (group * 16 + c)
/// belongs to element group * 64 + j * 16 + c, which lets SIMD code write whole vectors in order.
std::uint32_t random_bits(RngKey key, std::uint64_t index);

/// Those of elements 2 `index` and 2 `index` + 1 as one word.
std::uint64_t random_word(RngKey key, std::uint64_t index);

/// Uniform between 0 and 1, neither included, from one element's bits.
double random_unit(RngKey key, std::uint64_t index);

/// Standard normal, from elements 2 `index` and 2 `index` + 1 (Box-Muller).
double random_normal(RngKey key, std::uint64_t index);

}  // namespace wootz
