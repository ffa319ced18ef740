#include "wootz/io/digest.h"

#include <gtest/gtest.h>

namespace wootz {
namespace {

std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 + 7);
  return bytes;
}

// Known answers from another implementation's bindings (python-xxhash): manifests must stay readable by anyone.
TEST(Digest, KnownAnswers) {
  const auto bytes = pattern(65536 * 4);
  EXPECT_EQ(piece_digest({}), 0x2d06800538d394c2u);
  EXPECT_EQ(piece_digest(bytes), 0xc5df722ef1606a18u);
  EXPECT_EQ(piece_digest(std::span(bytes).first(100)), 0x5da67eac6d4093d5u);
  EXPECT_EQ(bytes_digest({}), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(bytes_digest(std::span(bytes).first(1000)), "622239c5c47a6910571d5cbfef44331b");
}

TEST(Digest, OfATensorCoversItsPiecesInOrder) {
  const std::vector<std::uint64_t> pieces{0xc5df722ef1606a18u, 0x5da67eac6d4093d5u};
  EXPECT_EQ(tensor_digest(pieces), "4a276d99205c703426331f7d32be124d");
  const std::vector<std::uint64_t> swapped{pieces[1], pieces[0]};
  EXPECT_NE(tensor_digest(swapped), tensor_digest(pieces));
  EXPECT_EQ(tensor_digest({}), bytes_digest({}));
}

TEST(Digest, PiecesOfBytesInOrder) {
  const auto bytes = pattern(2 * (2 * 65536) + 34);  // two whole pieces of two bytes an element, and a short one
  std::vector<std::uint64_t> expected;
  for (std::size_t at = 0; at < bytes.size(); at += 131072)
    expected.push_back(piece_digest(std::span(bytes).subspan(at, std::min<std::size_t>(131072, bytes.size() - at))));
  for (const std::size_t step : {1000u, 131072u, 200000u, 262178u}) {
    PieceDigests digests(2);
    for (std::size_t at = 0; at < bytes.size(); at += step)
      digests.add(std::span(bytes).subspan(at, std::min(step, bytes.size() - at)));
    EXPECT_EQ(digests.finish(), expected) << step;
  }
  EXPECT_TRUE(PieceDigests(4).finish().empty());
}

TEST(Digest, PieceCount) {
  EXPECT_EQ(piece_count(0), 0u);
  EXPECT_EQ(piece_count(1), 1u);
  EXPECT_EQ(piece_count(65536), 1u);
  EXPECT_EQ(piece_count(65537), 2u);
}

}  // namespace
}  // namespace wootz
