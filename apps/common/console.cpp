#include "console.h"

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace wootz::cli {
namespace {

int first_out_error = 0;  // errno of the first write to stdout that failed

// "tasks.yml:4:7: error: ..." stands for itself, as a compiler's message does.
bool has_place(std::string_view line) {
  const std::size_t at = line.find(": error: ");
  return at != line.npos && at > 0 && std::isdigit(static_cast<unsigned char>(line[at - 1])) != 0;
}

void print_lines(std::string_view prefix, std::string_view message) {
  while (!message.empty()) {
    const std::size_t end = message.find('\n');
    const std::string_view line = message.substr(0, end);
    print_err(fmt::format("{}{}\n", has_place(line) ? "" : prefix, line));
    message.remove_prefix(end == message.npos ? message.size() : end + 1);
  }
}

}  // namespace

void print_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && first_out_error == 0) first_out_error = errno;
}

void print_err(std::string_view text) {
  // Nobody is left to tell when this fails.
  [[maybe_unused]] const std::size_t written = std::fwrite(text.data(), 1, text.size(), stderr);
}

void print_error(const Error& error) { print_lines("wootz: error: ", error.message); }

void print_warning(std::string_view message) { print_lines("wootz: warning: ", message); }

std::string diagnostic_line(const Diagnostic& diagnostic) {
  const std::string line = to_string(diagnostic);
  return diagnostic.place.file.empty() ? "wootz: " + line : line;
}

void print_diagnostics(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics.items()) print_err(diagnostic_line(diagnostic) + "\n");
}

Result<> flush_out() {
  if (std::fflush(stdout) != 0 && first_out_error == 0) first_out_error = errno;
  if (first_out_error == 0 || first_out_error == EPIPE) return {};
  return fail(ErrorKind::kIo, "standard output: {}", std::strerror(first_out_error));
}

}  // namespace wootz::cli
