// parse_coefficients and write_coefficients: the file.
#include "wootz/recipe/coefficients.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "wootz/recipe/yaml_writing.h"
#include "wootz/yaml/mapping_reader.h"
#include "wootz/yaml/scalars.h"

namespace wootz {
namespace {

using Row = std::optional<std::vector<double>>;

class TableReader {
 public:
  TableReader(CoefficientTable& table, Reporter& report) : table_(table), report_(report) {}

  void read(const YamlNode& root) {
    MappingReader reader(root, "a coefficient table", report_);
    read_models(reader);
    const YamlNode* fallback = reader.node("default");
    if (fallback != nullptr) table_.fallback = read_row(*fallback, "'default'");
    const YamlNode* tensors = reader.node("tensors");
    const YamlNode* rows = reader.node("rows");
    if (const auto order = reader.choice("order", published_order_words()))
      table_.order = static_cast<PublishedOrder>(*order);
    if (tensors != nullptr) read_named(*tensors);
    if (rows != nullptr) read_rows(*rows, fallback);
    if (rows != nullptr && tensors != nullptr)
      report_.error(root.find("rows")->place, "'rows' and 'tensors' both give the coefficients: keep one");
    else if (rows == nullptr && root.find("order") != nullptr)
      report_.error(root.find("order")->place,
                    "'order' says which tensors 'rows' are for, and there are none: remove it, or add 'rows'");
    reader.finish();
    if (fallback == nullptr && tensors == nullptr && rows == nullptr)
      report_.error(root.place, "the table has no coefficients: add 'tensors', with a row for each");
  }

 private:
  void read_models(MappingReader& reader) {
    const auto models = reader.texts("models");
    if (!models) return;
    table_.models = *models;
    table_.models_place = report_.at(reader.place("models"));
    if (models->empty()) return report_.error(reader.place("models"), "'models' is empty: remove it");
    std::vector<std::string> sorted = *models;
    std::sort(sorted.begin(), sorted.end());
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
      report_.error(reader.place("models"), "'models' names {} twice: each column is for another model", shown(*twice));
    width_ = models->size();
    width_of_ = "'models'";
  }

  // A number alone counts as a row of one.
  Row read_row(const YamlNode& node, const std::string& what) {
    std::vector<const YamlNode*> items = node.items;
    if (node.is_scalar()) items = {&node};
    std::vector<double> values;
    bool good = node.is_scalar() || (node.is_sequence() && !items.empty());
    if (!good) report_.error(node.place, "{} must be a list of numbers, one for each model", what);
    for (const YamlNode* item : items) {
      const auto value =
          item->is_scalar() ? parse_number(item->text) : Result<double>(fail(ErrorKind::kUsage, "must be a number"));
      if (value)
        values.push_back(*value);
      else
        report_.error(item->place, "{}: a coefficient {}", what, value.error().message);
      good = good && value;
    }
    if (!good) return std::nullopt;
    if (width_ == 0) {
      width_ = values.size();
      width_of_ = what;
      if (table_.models_place.line == 0) table_.models_place = report_.at(node.place);
    }
    if (values.size() == width_) return values;
    report_.error(node.place, "{} has {} value{}, {} has {}: a row has one for each model", what, values.size(),
                  values.size() == 1 ? "" : "s", width_of_, width_);
    return std::nullopt;
  }

  void read_named(const YamlNode& tensors) {
    table_.rows_place = report_.at(tensors.place);
    if (!tensors.is_mapping() || tensors.entries.empty())
      return report_.error(tensors.place, "'tensors' must be a mapping of tensor names to rows, 'name: [0.3, ...]'");
    for (const YamlEntry& entry : tensors.entries) {
      if (Row row = read_row(*entry.value, "the row of " + shown(entry.key)))
        table_.rows.emplace(entry.key, std::move(*row));
      table_.named.push_back({entry.key, report_.at(entry.place)});
    }
  }

  void read_rows(const YamlNode& list, const YamlNode* fallback) {
    table_.rows_place = report_.at(list.place);
    table_.by_position = true;
    if (!list.is_sequence() || list.items.empty())
      return report_.error(list.place, "'rows' must be a list of rows, each a list of numbers, one for each model");
    std::vector<Row> rows;
    for (const YamlNode* item : list.items)
      rows.push_back(read_row(*item, fmt::format("row {} of 'rows'", rows.size() + 1)));
    if (rows.size() == 1) {  // task-wise: not of a model of any depth
      table_.order.reset();
      if (fallback != nullptr)
        report_.error(fallback->place, "'default' has no effect beside a single row, which is for all tensors");
      table_.fallback = std::move(rows.front());
    } else if (!table_.order) {
      report_.error(list.place,
                    "'rows' has {} rows and needs 'order: openclip' or 'order: transformers', which says what tensor "
                    "each is for",
                    rows.size());
    } else if (fits(*table_.order, rows.size(), list)) {
      place_rows(*table_.order, rows);
    }
  }

  bool fits(PublishedOrder order, std::size_t rows, const YamlNode& list) {
    constexpr std::size_t kMaxBlocks = 512;
    if (const auto blocks = published_blocks(order, rows); blocks && *blocks <= kMaxBlocks) {
      table_.blocks = *blocks;
      return true;
    }
    const bool open_clip = order == PublishedOrder::kOpenClip;
    const PublishedOrder other = open_clip ? PublishedOrder::kTransformers : PublishedOrder::kOpenClip;
    const auto word = [](PublishedOrder of) { return published_order_words()[static_cast<std::size_t>(of)]; };
    const auto other_blocks = published_blocks(other, rows);
    report_.error(
        list.place,
        "'rows' has {} rows, which fits no model: '{}' has {} for 12 blocks (ViT-B), {} for 24 "
        "(ViT-L), {} and {} a block in general{}",
        rows, word(order), published_rows(order, 12), published_rows(order, 24), published_rows(order, 0),
        published_rows(order, 1) - published_rows(order, 0),
        other_blocks ? fmt::format("; {} rows are '{}' with {} blocks", rows, word(other), *other_blocks) : "");
    return false;
  }

  void place_rows(PublishedOrder order, const std::vector<Row>& rows) {
    const std::vector<std::vector<std::string>> names = published_names(order, table_.blocks);
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (const std::string& name : names[i])
        if (rows[i]) table_.rows.emplace(name, *rows[i]);
  }

  CoefficientTable& table_;
  Reporter& report_;
  std::size_t width_ = 0;  // of a row; 0: not known yet
  std::string width_of_;   // what has it
};

// In the order of the text; a list of hundreds of rows is soon wrong in all of them.
Diagnostics first_of(const Diagnostics& found) {
  constexpr std::size_t kMost = 20;
  std::vector<Diagnostic> items = found.items();
  std::stable_sort(items.begin(), items.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  Diagnostics kept;
  for (std::size_t i = 0; i < std::min(items.size(), kMost); ++i) kept.add(items[i]);
  if (items.size() > kMost)
    kept.error(ErrorKind::kUsage, {items[0].place.file, 0, 0},
               fmt::format("and {} more findings: correct these first", items.size() - kMost));
  return kept;
}

std::string row_text(const std::vector<double>& row) { return fmt::format("[{}]", fmt::join(row, ", ")); }

}  // namespace

const std::vector<double>* CoefficientTable::find(std::string_view tensor) const {
  if (const auto found = rows.find(std::string(tensor)); found != rows.end()) return &found->second;
  return fallback ? &*fallback : nullptr;
}

std::size_t CoefficientTable::columns() const {
  if (fallback) return fallback->size();
  return rows.empty() ? models.size() : rows.begin()->second.size();
}

std::optional<CoefficientTable> parse_coefficients(std::string_view text, std::string file, Diagnostics& diagnostics) {
  Diagnostics found;
  Reporter report(file, found);
  CoefficientTable table;
  table.file = std::move(file);
  table.text = text;
  if (const auto tree = read_mapping(text, "the coefficient table", "it needs 'tensors', with a row for each", report))
    TableReader(table, report).read(*tree->root);
  const bool good = !found.has_errors();
  diagnostics.append(first_of(found));
  return good ? std::optional(std::move(table)) : std::nullopt;
}

std::string write_coefficients(const CoefficientTable& table, const std::vector<std::string>& names,
                               std::string_view comment) {
  std::string out = yaml_comment(comment);
  std::vector<std::string> models;
  for (const std::string& model : table.models) models.push_back(yaml_scalar(model));
  if (!models.empty()) out += fmt::format("models: [{}]\n", fmt::join(models, ", "));
  if (table.fallback) out += fmt::format("default: {}\n", row_text(*table.fallback));
  std::string rows;
  for (const std::string& name : names)
    if (const auto row = table.rows.find(name); row != table.rows.end())
      rows += fmt::format("  {}: {}\n", yaml_scalar(name), row_text(row->second));
  return rows.empty() ? out : out + "tensors:\n" + rows;
}

}  // namespace wootz
