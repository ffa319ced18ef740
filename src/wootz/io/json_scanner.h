// Internal to io: a strict JSON scanner for text from strangers. It accepts exactly RFC 8259 with unsigned integers
// where the caller wants numbers, never recurses without bound, and keeps no tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wootz/core/result.h"

namespace wootz {

/// Reads a JSON text from front to back. After an error the scanner must not be used further.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  /// Calls `field(key)` for each member of the object that comes next; `field` scans the value. Keys may repeat: what
  /// that means is the caller's to say.
  template <typename Field>
  Result<> object(Field field) {
    WOOTZ_RETURN_IF_ERROR(expect('{'));
    if (accept('}')) return {};
    do {
      WOOTZ_TRY(std::string key, string());
      WOOTZ_RETURN_IF_ERROR(expect(':'));
      WOOTZ_RETURN_IF_ERROR(field(std::move(key)));
    } while (accept(','));
    return expect('}');
  }

  /// Calls `element()` for each element of the array that comes next.
  template <typename Element>
  Result<> array(Element element) {
    WOOTZ_RETURN_IF_ERROR(expect('['));
    if (accept(']')) return {};
    do {
      WOOTZ_RETURN_IF_ERROR(element());
    } while (accept(','));
    return expect(']');
  }

  /// A string as UTF-8, escapes resolved. Broken UTF-8, lone surrogates and NUL are errors.
  Result<std::string> string();
  /// Decimal digits without sign, fraction, exponent or leading zero, up to 2^64 - 1.
  Result<std::uint64_t> unsigned_integer();
  /// Any one value, checked and dropped.
  Result<> skip_value() { return skip_value(0); }
  /// Whether an unsigned integer could come next.
  bool at_digit();
  /// Only whitespace may be left.
  Result<> end();

  /// The error "invalid JSON at byte N: <what>", N being where the next token starts.
  tl::unexpected<Error> invalid(std::string_view what);

 private:
  void skip_whitespace();
  bool accept(char wanted);
  Result<> expect(char wanted);
  Result<> escape(std::string& out);
  Result<std::uint32_t> four_hex_digits();
  Result<> skip_value(int depth);
  Result<> skip_number();
  bool skip_digits();

  std::string_view text_;
  std::size_t position_ = 0;
};

/// The number of bytes of the UTF-8 sequence at the start of `text`, or 0 when it is broken (also overlong,
/// surrogate, or above U+10FFFF). Requires: not empty.
std::size_t utf8_length(std::string_view text);

/// Text as a JSON string with its quotes. With `ascii`, everything beyond ASCII is escaped too, as Python does.
std::string json_quoted(std::string_view text, bool ascii);

/// A name from a file for use in a message: in quotes, control characters escaped, long ones cut.
std::string printable(std::string_view name);

}  // namespace wootz
