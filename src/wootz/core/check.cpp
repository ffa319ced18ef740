#include "wootz/core/check.h"

#include <cstdio>
#include <cstdlib>

namespace wootz {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "wootz: internal error: %s does not hold (%s:%d). Please report it.\n", condition, file, line);
  std::abort();
}

}  // namespace wootz
