#include "wootz/core/check.h"

#include <cstdio>
#include <cstdlib>

namespace wootz {

void check_failed(const char* condition, std::source_location where) {
  std::fprintf(stderr, "wootz: internal error: %s does not hold (%s:%u). Please report it.\n", condition,
               where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace wootz
