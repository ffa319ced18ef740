// What Highway compiles for; included before any of its headers. Code here keeps vectors in arrays, which the
// scalable targets (SVE, RVV) forbid: on those machines the fixed-width ones or the scalar twins run.
#pragma once

#define HWY_WANT_AVX3_DL
#ifdef WOOTZ_FEWER_TARGETS
#define HWY_DISABLED_TARGETS \
  (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV | HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#else
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#endif

#include <cstdint>

#include "wootz/kernels/table.h"

namespace wootz::kernels {

// One per SIMD file: replaces its part of the table by the bodies for a Highway target.
void fill_storage(std::int64_t target, KernelTable& table);
void fill_elementwise(std::int64_t target, KernelTable& table);
void fill_consensus(std::int64_t target, KernelTable& table);
void fill_sums(std::int64_t target, KernelTable& table);
void fill_select(std::int64_t target, KernelTable& table);
void fill_random(std::int64_t target, KernelTable& table);
void fill_rank(std::int64_t target, KernelTable& table);

}  // namespace wootz::kernels
