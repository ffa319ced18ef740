#include "wootz/data/delimited.h"

#include <algorithm>

namespace wootz {

DelimitedReader::DelimitedReader(std::string& text, char separator, bool quoted)
    : text_(text), separator_(separator), quoted_(quoted) {
  if (text.starts_with("\xEF\xBB\xBF")) position_ = 3;  // a byte order mark
}

bool DelimitedReader::at_line_end() const {
  return text_[position_] == '\n' || (text_[position_] == '\r' && text_.compare(position_, 2, "\r\n") == 0);
}

void DelimitedReader::skip_line_end() {
  position_ += text_[position_] == '\r' ? 2u : 1u;
  ++line_;
}

Result<std::optional<DelimitedRecord>> DelimitedReader::next() {
  while (!at_end() && at_line_end()) skip_line_end();
  if (at_end()) return std::optional<DelimitedRecord>();
  DelimitedRecord record{line_, {}};
  while (true) {
    if (quoted_ && !at_end() && text_[position_] == '"') {
      WOOTZ_TRY(const std::string_view field, quoted_field());
      record.fields.push_back(field);
    } else {
      record.fields.push_back(plain_field());
    }
    if (at_end()) break;
    if (at_line_end()) {
      skip_line_end();
      break;
    }
    ++position_;  // the separator
  }
  return record;
}

std::string_view DelimitedReader::plain_field() {
  const std::size_t begin = position_;
  while (!at_end() && text_[position_] != separator_ && !at_line_end()) ++position_;
  return std::string_view(text_).substr(begin, position_ - begin);
}

Result<std::string_view> DelimitedReader::quoted_field() {
  const std::size_t opened_on = line_;
  const std::size_t begin = ++position_;
  std::size_t end = begin;
  while (true) {
    if (at_end()) return fail(ErrorKind::kInput, "{}: a quote is opened and never closed", opened_on);
    const char c = text_[position_++];
    if (c == '"') {
      if (at_end() || text_[position_] != '"') break;
      ++position_;
    }
    if (c == '\n') ++line_;
    text_[end++] = c;
  }
  if (!at_end() && text_[position_] != separator_ && !at_line_end())
    return fail(ErrorKind::kInput, "{}: text after a closing quote; a quote inside a quoted field is doubled", line_);
  return std::string_view(text_).substr(begin, end - begin);
}

}  // namespace wootz
