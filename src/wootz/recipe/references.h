// Model references: `path`, `org/name`, `org/name@revision`, or mergekit's {model: {path, revision}}.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wootz/yaml/yaml_tree.h"

namespace wootz {

/// The reference in string form. `key` is what it is the value of; on nullopt an error has been reported.
std::optional<std::string> read_reference(const YamlNode& node, std::string_view key, Reporter& report);

/// Whether two references name the same model as far as their text tells: `./a/` is `a`.
bool same_reference(std::string_view a, std::string_view b);

}  // namespace wootz
