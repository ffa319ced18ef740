// rank_keep for rows too long for row_order.h: one-dimensional tensors of up to any size.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wootz/kernels/kernels.h"
#include "wootz/kernels/magnitude.h"

namespace wootz::kernels {

/// The vectorised parts that it borrows from the instruction set in use.
using FillRandom = void (*)(RngKey key, std::uint64_t first, std::size_t n, std::uint32_t* out);
using FillKeys = void (*)(const double* x, std::size_t n, MagnitudeKey* keys);

/// Three passes over the row, and n / 8 bytes plus 24 for each element whose bucket of magnitudes leaves it undecided.
/// Requires: rule.is_plain().
void rank_keep_long(double* x, std::size_t n, RngKey key, std::uint64_t first, const RankRule& rule,
                    FillRandom fill_random, FillKeys fill_keys);

}  // namespace wootz::kernels
