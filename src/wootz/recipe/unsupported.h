// What other tools accept and Wootz does not, with what to do instead.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wootz/methods/registry.h"
#include "wootz/yaml/yaml_tree.h"

namespace wootz {

/// Why a top-level key of other tools is not taken, or "" for a key nobody knows.
std::string_view unsupported_key(std::string_view key);

/// Why a merge method is not there: one of other tools, a transform, or a typo. A full message.
std::string unknown_merge_method(std::string_view name, const Registry& registry);
std::string unknown_transform(std::string_view name, const Registry& registry);

/// The names of the merge methods that learn from data, "a, b".
std::string learning_methods(const Registry& registry);

/// Whether a parameter of mergekit changes nothing of the result, whatever the method.
bool is_inert_parameter(std::string_view name);

}  // namespace wootz
