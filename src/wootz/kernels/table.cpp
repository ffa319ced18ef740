#include "wootz/kernels/targets.h"
//
#include <hwy/targets.h>

#include <algorithm>
#include <cctype>

#include "wootz/core/check.h"
#include "wootz/kernels/table.h"

namespace wootz::kernels {

std::vector<KernelTable> supported_tables() {
  std::vector<KernelTable> tables;
  for (const std::int64_t target : {HWY_AVX3_DL, HWY_AVX3, HWY_AVX2, HWY_SSE4, HWY_SSSE3, HWY_NEON}) {
    if ((hwy::SupportedTargets() & HWY_TARGETS & target) == 0) continue;
    KernelTable table;
    table.isa = hwy::TargetName(target);
    for (const auto fill :
         {&fill_storage, &fill_elementwise, &fill_consensus, &fill_sums, &fill_select, &fill_random, &fill_rank})
      fill(target, table);
    tables.push_back(table);
  }
  tables.push_back(KernelTable{});
  return tables;
}

const KernelTable& choose_table(const std::vector<KernelTable>& tables, std::string_view wanted) {
  WOOTZ_CHECK(!tables.empty());
  const auto same = [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) == std::toupper(static_cast<unsigned char>(b));
  };
  for (const KernelTable& table : tables)
    if (std::equal(table.isa.begin(), table.isa.end(), wanted.begin(), wanted.end(), same)) return table;
  return tables.front();
}

}  // namespace wootz::kernels
