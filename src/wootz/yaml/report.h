// Findings about one text: their wording and their places.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "wootz/core/diagnostic.h"

namespace wootz {

/// Line and column in the text, from 1; line 0 is the file as a whole.
struct TextPlace {
  int line = 0;
  int column = 0;
};

/// A piece of the text as a message shows it: in quotes, control characters escaped, long ones cut.
std::string shown(std::string_view text);

/// Adds findings of one file.
class Reporter {
 public:
  Reporter(std::string file, Diagnostics& diagnostics) : file_(std::move(file)), diagnostics_(&diagnostics) {}

  SourcePlace at(TextPlace place) const { return {file_, place.line, place.column}; }

  bool has_errors() const { return diagnostics_->has_errors(); }

  template <typename... Args>
  void error(TextPlace place, fmt::format_string<Args...> format, Args&&... args) {
    diagnostics_->error(ErrorKind::kUsage, at(place), fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warning(TextPlace place, fmt::format_string<Args...> format, Args&&... args) {
    diagnostics_->warning(at(place), fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  std::string file_;
  Diagnostics* diagnostics_;
};

}  // namespace wootz
