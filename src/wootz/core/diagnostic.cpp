#include "wootz/core/diagnostic.h"

#include <algorithm>
#include <iterator>

#include "wootz/core/check.h"

namespace wootz {
namespace {

std::string_view severity_word(Diagnostic::Severity severity) {
  switch (severity) {
    case Diagnostic::Severity::kNote:
      return "note";
    case Diagnostic::Severity::kWarning:
      return "warning";
    case Diagnostic::Severity::kError:
      return "error";
  }
  return "";
}

bool is_error(const Diagnostic& diagnostic) { return diagnostic.severity == Diagnostic::Severity::kError; }

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
  const SourcePlace& place = diagnostic.place;
  std::string where;
  if (!place.file.empty())
    where = place.line > 0 ? fmt::format("{}:{}:{}: ", place.file, place.line, place.column) : place.file + ": ";
  return fmt::format("{}{}: {}", where, severity_word(diagnostic.severity), diagnostic.message);
}

void Diagnostics::error(ErrorKind kind, SourcePlace place, std::string message) {
  add({Diagnostic::Severity::kError, kind, std::move(place), std::move(message)});
}

void Diagnostics::warning(SourcePlace place, std::string message) {
  add({Diagnostic::Severity::kWarning, ErrorKind::kUsage, std::move(place), std::move(message)});
}

void Diagnostics::note(std::string message) {
  add({Diagnostic::Severity::kNote, ErrorKind::kUsage, {}, std::move(message)});
}

void Diagnostics::append(Diagnostics other) {
  items_.insert(items_.end(), std::make_move_iterator(other.items_.begin()),
                std::make_move_iterator(other.items_.end()));
}

bool Diagnostics::has_errors() const { return std::any_of(items_.begin(), items_.end(), is_error); }

Error Diagnostics::to_error() const {
  const auto first = std::find_if(items_.begin(), items_.end(), is_error);
  WOOTZ_CHECK(first != items_.end());
  Error error{first->kind, ""};
  for (const Diagnostic& item : items_) {
    if (!is_error(item)) continue;
    if (!error.message.empty()) error.message += '\n';
    error.message += to_string(item);
  }
  return error;
}

}  // namespace wootz
