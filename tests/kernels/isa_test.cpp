#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "wootz/kernels/table.h"

namespace wootz::kernels {
namespace {

TEST(Isa, TheForcedOneRuns) {
  const std::vector<KernelTable> tables = supported_tables();
  const char* forced = std::getenv("WOOTZ_FORCE_ISA");
  std::string expected(tables.front().isa);
  for (const KernelTable& table : tables) {
    std::string name(table.isa);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    if (forced != nullptr && name == forced) expected = table.isa;
  }
  EXPECT_EQ(isa_name(), expected);
}

TEST(Isa, ForwardsToTheChosenTable) {
  std::vector<double> x{1.5, -2.0, 0.0, 4.0, 5.0, -0.0, 7.0, 8.0, 9.0};
  scale(x.data(), 2.0, x.size());
  EXPECT_EQ(x, (std::vector<double>{3.0, -4.0, 0.0, 8.0, 10.0, -0.0, 14.0, 16.0, 18.0}));
  EXPECT_EQ(count_nonzero(x.data(), x.size()), 7u);
}

TEST(Isa, ChoosesByNameElseTheBest) {
  const std::vector<KernelTable> tables = supported_tables();
  EXPECT_EQ(tables.back().isa, "SCALAR");
  EXPECT_EQ(choose_table(tables, "scalar").isa, "SCALAR");
  EXPECT_EQ(choose_table(tables, "Scalar").isa, "SCALAR");
  EXPECT_EQ(choose_table(tables, "").isa, tables.front().isa);
  EXPECT_EQ(choose_table(tables, "mmx").isa, tables.front().isa);
  for (const KernelTable& table : tables) EXPECT_EQ(choose_table(tables, table.isa).isa, table.isa);
}

}  // namespace
}  // namespace wootz::kernels
