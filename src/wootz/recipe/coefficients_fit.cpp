// load_coefficients and check_rows: a table against a recipe, and against the tensors to merge.
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "wootz/core/check.h"
#include "wootz/core/nearest.h"
#include "wootz/recipe/coefficients.h"
#include "wootz/recipe/references.h"
#include "wootz/recipe/resolve.h"
#include "wootz/yaml/report.h"

namespace wootz {
namespace {

// The first few of many, in quotes.
std::string listed(const std::vector<std::string>& names, std::size_t most) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) texts.push_back(shown(names[i]));
  return fmt::format("{}{}", fmt::join(texts, ", "),
                     names.size() > most ? fmt::format(" and {} more", names.size() - most) : "");
}

// A path's or Hub name's last part, without a revision.
std::string_view last_part(std::string_view reference) {
  while (reference.size() > 1 && reference.ends_with('/')) reference.remove_suffix(1);
  if (const std::size_t revision = reference.rfind('@'); revision != 0) reference = reference.substr(0, revision);
  return reference.substr(reference.rfind('/') + 1);
}

// AdaMerging's authors publish rows that begin with the base's own coefficient, which is always 1.
void drop_base_column(const Recipe& recipe, CoefficientTable& table, Diagnostics& findings) {
  if (!recipe.base || recipe.method->lanes != Lanes::kTaskVectors || table.columns() != recipe.lanes().size() + 1)
    return;
  const bool labelled = !table.models.empty();
  const auto is_base = [base = recipe.base->reference](const std::string& label) {
    return same_reference(label, base) || last_part(label) == last_part(base);
  };
  if (labelled ? !is_base(table.models.front()) : !table.by_position) return;
  const auto begins_with_1 = [](const std::vector<double>& row) { return row.front() == 1.0; };
  if (table.fallback && !begins_with_1(*table.fallback)) return;
  if (!std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return begins_with_1(row.second); }))
    return;
  const auto drop = [](auto& row) { row.erase(row.begin()); };
  for (auto& [name, row] : table.rows) drop(row);
  if (table.fallback) drop(*table.fallback);
  if (labelled)
    drop(table.models);
  else
    findings.note(fmt::format("{}: the first column, 1 in every row, is taken for the base's own", table.file));
}

class ColumnMatch {
 public:
  ColumnMatch(const Recipe& recipe, const CoefficientTable& table, Diagnostics& findings)
      : table_(table), findings_(findings) {
    for (const std::size_t lane : recipe.lanes()) references_.push_back(recipe.models[lane].reference);
  }

  // The column of each lane, or nothing and an error.
  std::optional<std::vector<std::size_t>> run() {
    if (table_.columns() != references_.size()) {
      complain(fmt::format("the rows have {} value{}", table_.columns(), table_.columns() == 1 ? "" : "s"),
               "a row has one for each model that is merged");
      return std::nullopt;
    }
    std::vector<std::size_t> columns(references_.size());
    std::vector<bool> taken(references_.size());
    for (std::size_t column = 0; column < columns.size(); ++column) {
      const auto lane = table_.models.empty() ? column : lane_of(table_.models[column]);
      if (!lane) return std::nullopt;
      if (taken[*lane]) {
        complain("", fmt::format("several columns are for {}", shown(references_[*lane])));
        return std::nullopt;
      }
      taken[*lane] = true;
      columns[*lane] = column;
    }
    return columns;
  }

 private:
  std::optional<std::size_t> lane_of(const std::string& label) {
    const auto among = [&](const auto& matches) {
      std::vector<std::size_t> found;
      for (std::size_t lane = 0; lane < references_.size(); ++lane)
        if (matches(references_[lane])) found.push_back(lane);
      return found;
    };
    std::vector<std::size_t> found = among([&](const std::string& other) { return same_reference(label, other); });
    if (found.empty()) found = among([&](const std::string& other) { return last_part(label) == last_part(other); });
    if (found.size() == 1) return found.front();
    complain("", found.empty() ? fmt::format("none of these is {}", shown(label))
                               : fmt::format("{} could be {} of these", shown(label), found.size()));
    return std::nullopt;
  }

  void complain(std::string what, std::string_view why) {
    constexpr std::size_t kNamed = 20;
    if (!table_.models.empty()) what = "the columns are " + listed(table_.models, kNamed);
    findings_.error(ErrorKind::kUsage, table_.models_place,
                    fmt::format("{}, and the recipe merges {}: {}", what, listed(references_, kNamed), why));
  }

  const CoefficientTable& table_;
  Diagnostics& findings_;
  std::vector<std::string> references_;
};

void permute(CoefficientTable& table, const std::vector<std::size_t>& columns) {
  const auto in_order = [&]<typename T>(std::vector<T>& row) {
    std::vector<T> ordered;
    ordered.reserve(columns.size());
    for (const std::size_t column : columns) ordered.push_back(std::move(row[column]));
    row = std::move(ordered);
  };
  for (auto& [name, row] : table.rows) in_order(row);
  if (table.fallback) in_order(*table.fallback);
  if (!table.models.empty()) in_order(table.models);
}

void check_range(const CoefficientTable& table, const ParamSpec& spec, Diagnostics& findings) {
  const auto check = [&](const std::vector<double>& row, const SourcePlace& place) {
    const auto bad =
        std::find_if(row.begin(), row.end(), [&](double x) { return x < spec.minimum || x > spec.maximum; });
    if (bad == row.end()) return true;
    const bool low = *bad < spec.minimum;
    findings.error(ErrorKind::kUsage, place,
                   fmt::format("a coefficient is '{}' of its model and must be at {} {}, not {}", spec.name,
                               low ? "least" : "most", low ? spec.minimum : spec.maximum, *bad));
    return false;
  };
  for (const CoefficientTable::Named& row : table.named) check(table.rows.at(row.tensor), row.place);
  if (table.fallback) check(*table.fallback, table.models_place);
  if (table.order)  // a row is there under several names: one finding is enough
    std::all_of(table.rows.begin(), table.rows.end(),
                [&](const auto& row) { return check(row.second, table.rows_place); });
}

// A table by position that is for a model of another depth, or of another kind.
bool check_depth(const CoefficientTable& table, const std::vector<std::string>& tensors, Diagnostics& findings) {
  if (!table.order) return true;
  const std::size_t blocks = count_published_blocks(*table.order, {tensors.begin(), tensors.end()});
  if (blocks == table.blocks) return true;
  const std::string& word = published_order_words()[static_cast<std::size_t>(*table.order)];
  findings.error(
      ErrorKind::kUsage, table.rows_place,
      blocks == 0
          ? fmt::format("no tensor to merge has a name that 'order: {}' knows: write 'tensors', with a row for each",
                        word)
          : fmt::format("'rows' has {} rows, for {} blocks, but the models have {}, for which there are {} rows",
                        published_rows(*table.order, table.blocks), table.blocks, blocks,
                        published_rows(*table.order, blocks)));
  return false;
}

void warn_of_unused(const CoefficientTable& table, const std::vector<std::string>& tensors, Diagnostics& findings) {
  constexpr std::size_t kNamed = 8;
  const std::unordered_set<std::string_view> known(tensors.begin(), tensors.end());
  std::vector<std::string> unused;
  SourcePlace place;
  for (const CoefficientTable::Named& row : table.named) {
    if (known.contains(row.tensor)) continue;
    if (unused.empty()) place = row.place;
    unused.push_back(row.tensor);
  }
  if (unused.empty()) return;
  const std::string_view near = nearest(unused.front(), tensors);
  findings.warning(
      place, fmt::format("{}: {}{}",
                         unused.size() == 1 ? "this row is for no tensor that is merged"
                                            : fmt::format("{} rows are for no tensor that is merged", unused.size()),
                         listed(unused, kNamed), near.empty() ? "" : fmt::format(" (did you mean {}?)", shown(near))));
}

}  // namespace

Diagnostics load_coefficients(Recipe& recipe, std::string_view text, std::string file) {
  WOOTZ_CHECK(recipe.coefficients.has_value());
  const ParamSpec* const spec = coefficient_param(*recipe.method);
  WOOTZ_CHECK(spec != nullptr);
  Diagnostics findings;
  std::optional<CoefficientTable> table = parse_coefficients(text, std::move(file), findings);
  if (!table) return findings;
  drop_base_column(recipe, *table, findings);
  check_range(*table, *spec, findings);
  if (const auto columns = ColumnMatch(recipe, *table, findings).run()) permute(*table, *columns);
  if (!findings.has_errors()) recipe.coefficients->table = std::make_shared<const CoefficientTable>(std::move(*table));
  return findings;
}

bool check_rows(const CoefficientTable& table, const std::vector<std::string>& tensor_names, Diagnostics& diagnostics) {
  constexpr std::size_t kNamed = 8;
  if (!check_depth(table, tensor_names, diagnostics)) return false;
  warn_of_unused(table, tensor_names, diagnostics);
  std::vector<std::string> missing;
  for (const std::string& name : tensor_names)
    if (table.find(name) == nullptr) missing.push_back(name);
  if (missing.empty()) return true;
  diagnostics.error(
      ErrorKind::kUsage, table.rows_place,
      fmt::format("no row for {} of {} tensors to merge: {}; add {}'default: [...]' for all without one",
                  missing.size(), tensor_names.size(), listed(missing, kNamed), table.order ? "" : "them, or "));
  return false;
}

}  // namespace wootz
