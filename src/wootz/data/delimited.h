// Internal to data: files of separated values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"

namespace wootz {

struct DelimitedRecord {
  std::size_t line = 0;                  ///< the one it starts on, from 1
  std::vector<std::string_view> fields;  ///< at least one
};

/// Reads records one after the other, with separator and quoting as in RFC 4180 (fields in double quotes may hold
/// separators, line ends and doubled quotes), or without any quoting. Lines end in LF or CRLF; empty ones are skipped.
class DelimitedReader {
 public:
  /// `text` must stay in place: fields are views into it, and quoted ones are unquoted where they lie.
  DelimitedReader(std::string& text, char separator, bool quoted);

  /// Nothing at the end. Fails (kInput) with "LINE: what", to follow the file's name and a colon.
  Result<std::optional<DelimitedRecord>> next();

 private:
  std::string_view plain_field();
  Result<std::string_view> quoted_field();
  bool at_end() const { return position_ == text_.size(); }
  bool at_line_end() const;
  void skip_line_end();

  std::string& text_;
  char separator_;
  bool quoted_;
  std::size_t position_ = 0;
  std::size_t line_ = 1;
};

}  // namespace wootz
