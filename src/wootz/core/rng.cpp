#include "wootz/core/rng.h"

#include <xxhash.h>

#include <cmath>
#include <cstddef>
#include <numbers>

namespace wootz {

RngKey rng_key(std::uint64_t seed, std::string_view tensor_name, std::uint64_t stream) {
  const std::uint64_t named = XXH3_64bits_withSeed(tensor_name.data(), tensor_name.size(), seed);
  const std::uint64_t key = XXH3_64bits_withSeed(&stream, sizeof stream, named);
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, RngKey key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53u;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57u;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key.k0, static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key.k1, static_cast<std::uint32_t>(product0)};
    key.k0 += 0x9E3779B9u;
    key.k1 += 0xBB67AE85u;
  }
  return counter;
}

std::uint32_t random_bits(RngKey key, std::uint64_t index) {
  const std::uint64_t counter = index / 64 * 16 + index % 16;
  const auto word = static_cast<std::size_t>(index / 16 % 4);
  return philox4x32({static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0}, key)[word];
}

std::uint64_t random_word(RngKey key, std::uint64_t index) {
  return (std::uint64_t{random_bits(key, 2 * index)} << 32) | random_bits(key, 2 * index + 1);
}

double random_unit(RngKey key, std::uint64_t index) {
  return (static_cast<double>(random_bits(key, index)) + 0.5) * 0x1p-32;
}

double random_normal(RngKey key, std::uint64_t index) {
  return std::sqrt(-2.0 * std::log(random_unit(key, 2 * index))) *
         std::cos(2.0 * std::numbers::pi * random_unit(key, 2 * index + 1));
}

}  // namespace wootz
