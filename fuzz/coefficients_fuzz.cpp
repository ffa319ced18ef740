// Any text is a coefficient table or a list of findings; a table is written as what reads back the same.
#include <cstdint>

#include "wootz/core/check.h"
#include "wootz/recipe/coefficients.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wootz;
  Diagnostics diagnostics;
  const std::string text(data, data + size);
  const auto table = parse_coefficients(text, "fuzz.yml", diagnostics);
  for (const Diagnostic& item : diagnostics.items()) WOOTZ_CHECK(!to_string(item).empty());
  WOOTZ_CHECK(table.has_value() != diagnostics.has_errors());
  if (!table) return 0;

  check_rows(*table, {"embed.weight", "vision_model.encoder.layers.0.layer_norm1.weight"}, diagnostics);
  std::vector<std::string> names;
  for (const auto& [name, row] : table->rows) {
    WOOTZ_CHECK(row.size() == table->columns());
    names.push_back(name);
  }
  Diagnostics of_written;
  const auto again = parse_coefficients(write_coefficients(*table, names), "written.yml", of_written);
  if (!again) {
    WOOTZ_CHECK(size > 1000);  // what is long becomes longer, and may be too long
    return 0;
  }
  WOOTZ_CHECK(again->rows == table->rows && again->fallback == table->fallback && again->models == table->models);
  return 0;
}
