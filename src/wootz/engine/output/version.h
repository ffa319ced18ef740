// The version of the program, as the manifest records it.
#pragma once

#include <string_view>

namespace wootz {

std::string_view version();

}  // namespace wootz
