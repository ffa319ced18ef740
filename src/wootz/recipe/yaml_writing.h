// Parts of the YAML files that are written: texts and comments.
#pragma once

#include <string>
#include <string_view>

namespace wootz {

/// A text as a YAML scalar that reads back as the same text, in quotes where it needs them.
std::string yaml_scalar(std::string_view text);

/// Every line after "# "; "" for no comment.
std::string yaml_comment(std::string_view comment);

}  // namespace wootz
