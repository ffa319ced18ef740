// Kinds of options that several commands have. For the files that declare options.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
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

/// Accepts whole numbers of a range; the message calls them `what` ("a number of threads").
inline CLI::Validator whole_number(std::uint64_t least, std::uint64_t most, const std::string& what) {
  return CLI::Validator(
      [=](const std::string& text) {
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool good = error == std::errc() && end == text.data() + text.size() && number >= least && number <= most;
        return good ? "" : fmt::format("'{}' is not {} ({} to {})", text, what, least, most);
      },
      "");
}

inline void add_threads_option(CLI::App& app, const std::string& name, std::size_t& threads) {
  app.add_option(name, threads, "threads to work with (default: one a processor)")
      ->check(whole_number(0, kMostThreads, "a number of threads"))
      ->type_name("N");
}

}  // namespace wootz::cli
