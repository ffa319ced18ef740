// The generated list of the library's methods (cmake/RegistrationTable.cmake).
#pragma once

#include "wootz/methods/registry.h"

namespace wootz {

void register_builtin_methods(Registry& registry);

}  // namespace wootz
