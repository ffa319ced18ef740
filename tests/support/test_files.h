// Whole files for tests. Both functions throw std::runtime_error on failure.
#pragma once

#include <string>
#include <string_view>

namespace wootz::testing {

std::string read_file(const std::string& path);
/// Replaces the file; creates missing parent directories.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace wootz::testing
