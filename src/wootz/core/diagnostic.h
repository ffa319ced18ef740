// Findings about a recipe or a plan, gathered so that a user sees all of them at once.
#pragma once

#include <string>
#include <vector>

#include "wootz/core/result.h"

namespace wootz {

/// A place in a text file; line 0 means the file as a whole. Lines and columns count from 1.
struct SourcePlace {
  std::string file;
  int line = 0;
  int column = 0;
};

struct Diagnostic {
  enum class Severity { kNote, kWarning, kError };
  Severity severity = Severity::kError;
  ErrorKind kind = ErrorKind::kUsage;  ///< what an error makes of the whole
  SourcePlace place;                   ///< where in the recipe, if it is about one
  std::string message;
};

/// "recipe.yml:4:7: error: unknown key 'wieght' (did you mean 'weight'?)"
std::string to_string(const Diagnostic& diagnostic);

class Diagnostics {
 public:
  void add(Diagnostic diagnostic) { items_.push_back(std::move(diagnostic)); }
  void error(ErrorKind kind, SourcePlace place, std::string message);
  void warning(SourcePlace place, std::string message);
  void note(std::string message);
  void append(Diagnostics other);

  bool has_errors() const;
  const std::vector<Diagnostic>& items() const { return items_; }

  /// All errors as one Error of the first error's kind, one line each. Requires: has_errors().
  Error to_error() const;

 private:
  std::vector<Diagnostic> items_;
};

}  // namespace wootz
