// The reference pages of the methods, generated from the registry.
#pragma once

#include <map>
#include <string>

#include "wootz/io/file.h"
#include "wootz/methods/registry.h"

namespace wootz::cli {

/// File names (below the reference's directory) and their Markdown.
std::map<std::string, std::string> method_pages(const Registry& registry);

/// Writes them; other files in the directory are left alone.
Result<> write_method_pages(FileSystem& files, const Registry& registry, const std::string& directory);

}  // namespace wootz::cli
