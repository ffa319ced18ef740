// Kinds of options that several commands have. For the files that declare options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "format.h"

namespace wootz::cli {

/// The value, or the parser's own kind of error.
template <typename T>
T checked(const std::string& option, Result<T> value) {
  if (!value) throw CLI::ValidationError(option, value.error().message);
  return *std::move(value);
}

inline constexpr std::size_t kMostThreads = 1024;

inline void add_size_option(CLI::App& app, const std::string& name, std::uint64_t& size,
                            const std::string& description) {
  app.add_option_function<std::string>(
         name, [&size, name](const std::string& text) { size = checked(name, parse_size(text)); }, description)
      ->type_name("SIZE");
}

inline void add_threads_option(CLI::App& app, const std::string& name, std::size_t& threads) {
  app.add_option(name, threads, "threads to work with (default: one a processor)")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const bool number = !text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == text.npos;
            return number && std::stoul(text) <= kMostThreads
                       ? ""
                       : fmt::format("'{}' is not a number of threads (0 to {})", text, kMostThreads);
          },
          ""))
      ->type_name("N");
}

}  // namespace wootz::cli
