#include "json_output.h"

namespace wootz::cli {

Json json_diagnostics(const Diagnostics& diagnostics, Diagnostic::Severity severity) {
  Json list = Json::array();
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    if (diagnostic.severity != severity) continue;
    Json entry = {{"message", diagnostic.message}};
    if (!diagnostic.place.file.empty()) entry["file"] = diagnostic.place.file;
    if (diagnostic.place.line > 0) {
      entry["line"] = diagnostic.place.line;
      entry["column"] = diagnostic.place.column;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace wootz::cli
