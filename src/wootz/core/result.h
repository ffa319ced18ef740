// Expected failures: a Result<T> carries a value or an Error that says what went wrong, where, and what to do.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace wootz {

/// Why an operation failed; each kind has its own process exit code (see exit_code).
enum class ErrorKind {
  kFailed,        ///< anything without a more precise kind (exit code 1)
  kUsage,         ///< a wrong command line or recipe (2)
  kInput,         ///< an input is missing or damaged (3)
  kIncompatible,  ///< inputs that cannot be combined (4)
  kIo,            ///< the operating system refused a read or write, or the disk is full (5)
  kVerification,  ///< an output does not match its manifest (6)
};

/// The exit code of a process that ends with an error of this kind.
constexpr int exit_code(ErrorKind kind) { return static_cast<int>(kind) + 1; }

struct Error {
  ErrorKind kind = ErrorKind::kFailed;
  std::string message;  ///< one or more full lines: what, where, what to do

  /// Prefixes the message with where it happened: "context: message".
  Error within(std::string_view context) && {
    message = fmt::format("{}: {}", context, message);
    return std::move(*this);
  }
};

template <typename T = void>
using Result = tl::expected<T, Error>;

/// Builds the error branch of a Result: `return fail(ErrorKind::kInput, "{}: truncated", path);`
template <typename... Args>
tl::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace wootz

#define WOOTZ_CONCAT_(a, b) a##b
#define WOOTZ_CONCAT(a, b) WOOTZ_CONCAT_(a, b)

/// `WOOTZ_TRY(auto x, expr);` unwraps a Result into x, or returns its error from the enclosing function.
#define WOOTZ_TRY(declaration, expression)                                           \
  auto WOOTZ_CONCAT(wootz_result_, __LINE__) = (expression);                         \
  if (!WOOTZ_CONCAT(wootz_result_, __LINE__))                                        \
    return tl::unexpected(std::move(WOOTZ_CONCAT(wootz_result_, __LINE__)).error()); \
  declaration = *std::move(WOOTZ_CONCAT(wootz_result_, __LINE__))

/// `WOOTZ_RETURN_IF_ERROR(expr);` returns the error of a Result<void>, if it has one.
#define WOOTZ_RETURN_IF_ERROR(expression) \
  if (auto wootz_status = (expression); !wootz_status) return tl::unexpected(std::move(wootz_status).error())
