#include "wootz/engine/plan/cut.h"

#include <gtest/gtest.h>

#include "wootz/io/digest.h"

namespace wootz {
namespace {

struct Case {
  Granularity granularity;
  std::uint64_t size;
  std::uint64_t row_size;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (std::uint64_t rows : {1u, 3u, 130u, 4096u})
    for (std::uint64_t row : {1u, 7u, 1000u, 2048u, 100000u})
      for (Granularity granularity : {Granularity::kElement, Granularity::kRow, Granularity::kMatrix})
        if (rows * row < 3'000'000) all.push_back({granularity, rows * row, row});
  return all;
}

TEST(Cut, CoversEveryElementOnceInOrder) {
  for (const Case& c : cases()) {
    std::uint64_t at = 0;
    for (std::uint64_t piece = 0; piece < piece_count(c.size); ++piece) {
      const UnitCut cut = cut_piece(c.granularity, c.size, c.row_size, piece);
      for (const BlockRange& block : cut.blocks) {
        ASSERT_EQ(block.first, at);
        ASSERT_GT(block.size, 0u);
        ASSERT_GE(block.first, cut.piece_first) << "a block belongs to the piece in which it starts";
        ASSERT_LT(block.first, cut.piece_end);
        ASSERT_LE(block.size, largest_block(c.granularity, c.size, c.row_size));
        if (c.granularity == Granularity::kRow) {
          ASSERT_EQ(block.first % c.row_size, 0u);
          ASSERT_EQ(block.size % c.row_size, 0u);
        }
        at += block.size;
      }
      if (!cut.blocks.empty()) {
        ASSERT_LE(cut.end() - cut.first(), largest_unit(c.granularity, c.size, c.row_size));
      }
    }
    ASSERT_EQ(at, c.size);
  }
}

TEST(Cut, SamplesAreSpreadSubsetsOfAboutTheWantedSize) {
  const std::uint64_t size = 5'000'000;
  for (Granularity granularity : {Granularity::kElement, Granularity::kRow}) {
    const std::uint64_t wanted = 500'000;
    std::uint64_t seen = 0;
    std::uint64_t end = 0;
    std::uint64_t last_quarter = 0;
    for (std::uint64_t piece = 0; piece < piece_count(size); ++piece)
      for (const BlockRange& block : sample_piece(granularity, size, 1000, piece, wanted, size).blocks) {
        ASSERT_GE(block.first, end);
        ASSERT_EQ(block.first % 8, 0u);
        end = block.first + block.size;
        ASSERT_LE(end, size);
        seen += block.size;
        if (block.first > size / 4 * 3) last_quarter += block.size;
      }
    EXPECT_NEAR(static_cast<double>(seen), static_cast<double>(wanted), 0.2 * static_cast<double>(wanted));
    EXPECT_NEAR(static_cast<double>(last_quarter), static_cast<double>(seen) / 4, 0.1 * static_cast<double>(seen));
  }
}

TEST(Cut, SamplesStaySmallHoweverLargeTheWhole) {
  const std::uint64_t size = 50'000'000;  // one of many tensors
  const std::uint64_t total = 100'000'000'000;
  for (Granularity granularity : {Granularity::kElement, Granularity::kRow}) {
    std::uint64_t seen = 0;
    for (std::uint64_t tensor = 0; tensor < 200; ++tensor)
      for (std::uint64_t piece = 0; piece < piece_count(size + tensor * 4000); ++piece)
        for (const BlockRange& block :
             sample_piece(granularity, size + tensor * 4000, 1000, piece, 500'000, total).blocks)
          seen += block.size;
    // 200 such tensors are a tenth of the whole.
    if (granularity == Granularity::kElement) {
      EXPECT_GT(seen, 10'000u);
    }
    EXPECT_LT(seen, 200'000u);
  }
}

TEST(Cut, ASampleOfEverythingIsTheCut) {
  const UnitCut all = cut_piece(Granularity::kElement, 70'000, 70'000, 1);
  const UnitCut sampled = sample_piece(Granularity::kElement, 70'000, 70'000, 1, 70'000, 70'000);
  ASSERT_EQ(all.blocks.size(), sampled.blocks.size());
  EXPECT_EQ(all.end(), sampled.end());
}

TEST(Cut, AnEmptyTensorHasNoPieces) { EXPECT_EQ(piece_count(0), 0u); }

}  // namespace
}  // namespace wootz
