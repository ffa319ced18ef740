#include "wootz/engine/output/version.h"

namespace wootz {

std::string_view version() { return WOOTZ_VERSION; }

}  // namespace wootz
