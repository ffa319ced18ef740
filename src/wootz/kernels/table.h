// One table of function pointers per instruction set, so that the choice is made once, and tests can run them all in
// one process without touching global state.
#pragma once

#include <string_view>
#include <vector>

#include "wootz/kernels/kernels.h"
#include "wootz/kernels/reference.h"

namespace wootz::kernels {

/// Every kernel of kernels.h; starts out as the scalar twins.
struct KernelTable {
  std::string_view isa = "SCALAR";

  decltype(&reference::load) load = &reference::load;
  decltype(&reference::store) store = &reference::store;
  decltype(&reference::load_difference) load_difference = &reference::load_difference;

  decltype(&reference::add) add = &reference::add;
  decltype(&reference::subtract) subtract = &reference::subtract;
  decltype(&reference::scale) scale = &reference::scale;
  decltype(&reference::weighted_sum) weighted_sum = &reference::weighted_sum;
  decltype(&reference::consensus) consensus = &reference::consensus;
  decltype(&reference::elect_sign) elect_sign = &reference::elect_sign;
  decltype(&reference::variance) variance = &reference::variance;

  decltype(&reference::add_absolute) add_absolute = &reference::add_absolute;
  decltype(&reference::add_gram) add_gram = &reference::add_gram;

  decltype(&reference::count_nonfinite) count_nonfinite = &reference::count_nonfinite;
  decltype(&reference::count_nonzero) count_nonzero = &reference::count_nonzero;
  decltype(&reference::sign_balance) sign_balance = &reference::sign_balance;

  decltype(&reference::magnitude_keys) magnitude_keys = &reference::magnitude_keys;
  decltype(&reference::count_range) count_range = &reference::count_range;
  decltype(&reference::count_key) count_key = &reference::count_key;
  decltype(&reference::keep_window) keep_window = &reference::keep_window;
  decltype(&reference::keep_window_by_score) keep_window_by_score = &reference::keep_window_by_score;
  decltype(&reference::pack_nonzero) pack_nonzero = &reference::pack_nonzero;
  decltype(&reference::keep_packed) keep_packed = &reference::keep_packed;

  decltype(&reference::random_fill) random_fill = &reference::random_fill;
  decltype(&reference::random_keep) random_keep = &reference::random_keep;
  decltype(&reference::rank_keep) rank_keep = &reference::rank_keep;
};

/// The tables this machine can run, best first; the last one is the scalar twins ("SCALAR").
std::vector<KernelTable> supported_tables();

/// The table with that name (any case), else the best. Requires: tables is not empty.
const KernelTable& choose_table(const std::vector<KernelTable>& tables, std::string_view wanted);

}  // namespace wootz::kernels
