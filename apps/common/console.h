// What the program says: results to stdout, everything else to stderr. A reader that went away (a closed pipe) is not
// an error; the command goes on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/diagnostic.h"
#include "wootz/core/result.h"

namespace wootz::cli {

void print_out(std::string_view text);
void print_err(std::string_view text);

/// "wootz: error: ..." a line of the message; lines with a place in a file ("tasks.yml:4:7: error: ...") as they are.
void print_error(const Error& error);
void print_warning(std::string_view message);

/// One line each: "recipe.yml:4:7: error: ..." where there is a place, else "wootz: error: ...".
void print_diagnostics(const Diagnostics& diagnostics);

/// A line of print_diagnostics, without its end.
std::string diagnostic_line(const Diagnostic& diagnostic);

/// Writes out what is buffered. Fails when stdout could not take it (a full disk), but not for a closed pipe.
Result<> flush_out();

}  // namespace wootz::cli
