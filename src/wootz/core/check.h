// Bugs, not failures: a broken invariant stops the process with its place.
#pragma once

namespace wootz {

/// Prints the failed condition with its place to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace wootz

/// Aborts when an invariant of the program itself does not hold. Never for input, which gets a Result.
#define WOOTZ_CHECK(condition)                               \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::wootz::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
