// A registry with a method of every kind that the recipe reader tells apart, so that its tests do not move with the
// library of methods.
#pragma once

#include "wootz/methods/registry.h"

namespace wootz::testing {

const Registry& sample_registry();

}  // namespace wootz::testing
