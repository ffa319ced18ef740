#include "wootz/data/text_rows.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "wootz/core/nearest.h"
#include "wootz/data/delimited.h"
#include "wootz/yaml/report.h"
#include "wootz/yaml/scalars.h"

namespace wootz {
namespace {

tl::unexpected<Error> fail_at(const std::string& path, std::size_t line, std::string_view what) {
  return fail(ErrorKind::kInput, "{}:{}: {}", path, line, what);
}

std::vector<std::string> as_strings(const std::vector<std::string_view>& views) { return {views.begin(), views.end()}; }

// The position of a column that is named (with a header) or numbered (without one).
Result<std::size_t> find_column(std::string_view wanted, const std::optional<DelimitedRecord>& header) {
  if (!header) {
    if (const auto number = parse_unsigned(wanted)) return *number;
    return fail(ErrorKind::kUsage, "column {} is no number, and the file has no header: number columns from 0",
                shown(wanted));
  }
  const auto at = std::find(header->fields.begin(), header->fields.end(), wanted);
  if (at != header->fields.end()) return static_cast<std::size_t>(at - header->fields.begin());
  if (const auto number = parse_unsigned(wanted); number && *number < header->fields.size()) return *number;
  return fail(ErrorKind::kInput, "no column {} in the header{}", shown(wanted),
              suggestion(wanted, as_strings(header->fields)));
}

// A text of a JSON object, in storage.
Result<TextRow> read_object(const nlohmann::json& object, const TextColumns& columns, const LabelReader& labels,
                            std::string& storage) {
  if (!object.is_object()) return fail(ErrorKind::kInput, "not a JSON object");
  const std::string text_key = columns.text.empty() ? "text" : columns.text;
  const std::string label_key = columns.label.empty() ? "label" : columns.label;
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  for (const std::string& key : {text_key, label_key})
    if (!object.contains(key)) return fail(ErrorKind::kInput, "no key {}{}", shown(key), suggestion(key, keys));
  const nlohmann::json& text = object[text_key];
  const nlohmann::json& label = object[label_key];
  if (!text.is_string()) return fail(ErrorKind::kInput, "{} must be a string", shown(text_key));

  TextRow row;
  row.begin = storage.size();
  storage += text.get_ref<const std::string&>();
  row.size = storage.size() - row.begin;
  if (label.is_string()) {
    WOOTZ_TRY(row.label, labels.from_text(label.get_ref<const std::string&>()));
  } else if (label.is_number_unsigned()) {
    WOOTZ_TRY(row.label, labels.from_number(label.get<std::uint64_t>()));
  } else if (label.is_boolean()) {
    WOOTZ_TRY(row.label, labels.from_number(label.get<bool>() ? 1 : 0));
  } else {
    return fail(ErrorKind::kInput, "{} must be a class name or a whole number from 0, not {}", shown(label_key),
                shown(label.dump()));
  }
  return row;
}

}  // namespace

LabelReader::LabelReader(const std::vector<std::string>& class_names) : names_(class_names) {
  for (const std::string& name : class_names) by_name_.emplace(name, static_cast<int>(by_name_.size()));
}

Result<int> LabelReader::from_text(std::string_view text) const {
  if (const auto named = by_name_.find(text); named != by_name_.end()) return named->second;
  if (const auto number = parse_unsigned(text)) return from_number(*number);
  if (names_.empty())
    return fail(ErrorKind::kInput,
                "label {} is no number, and the classes have no names: list them in label order in a file classes.txt "
                "beside the data, or under 'classes' in the task catalogue",
                shown(text));
  return fail(ErrorKind::kInput, "label {} is neither a class name nor a number{}", shown(text),
              suggestion(text, names_));
}

Result<int> LabelReader::from_number(std::uint64_t number) const {
  if (!names_.empty() && number >= names_.size())
    return fail(ErrorKind::kInput, "label {} is out of range: there are {} classes, numbered from 0", number,
                names_.size());
  if (number > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
    return fail(ErrorKind::kInput, "label {} is out of range", number);
  return static_cast<int>(number);
}

Result<TextRows> read_delimited_texts(const std::string& path, std::string content, char separator, bool quoted,
                                      const TextColumns& columns, const LabelReader& labels) {
  TextRows texts;
  texts.storage = std::move(content);
  DelimitedReader reader(texts.storage, separator, quoted);
  const auto next = [&]() -> Result<std::optional<DelimitedRecord>> {
    auto record = reader.next();
    if (!record) return fail(ErrorKind::kInput, "{}:{}", path, record.error().message);
    return record;
  };
  std::optional<DelimitedRecord> header;
  if (columns.header) {
    WOOTZ_TRY(header, next());
    if (!header) return fail(ErrorKind::kInput, "'{}': empty, not even a header", path);
  }
  const auto column = [&](const std::string& given, std::string_view named, std::string_view numbered) {
    auto found = find_column(!given.empty() ? given : columns.header ? named : numbered, header);
    if (!found) found.error().message = fmt::format("{}:1: {}", path, found.error().message);
    return found;
  };
  WOOTZ_TRY(const std::size_t text_column, column(columns.text, "text", "1"));
  WOOTZ_TRY(const std::size_t label_column, column(columns.label, "label", "0"));

  while (true) {
    WOOTZ_TRY(const std::optional<DelimitedRecord> record, next());
    if (!record) return texts;
    const std::size_t needed = std::max(text_column, label_column) + 1;
    if (record->fields.size() < needed)
      return fail_at(path, record->line,
                     fmt::format("{} column{}, but column {} is wanted (counted from 0; the separator is a {})",
                                 record->fields.size(), record->fields.size() == 1 ? "" : "s", needed - 1,
                                 separator == '\t' ? "tab" : "comma"));
    const Result<int> label = labels.from_text(record->fields[label_column]);
    if (!label) return fail_at(path, record->line, label.error().message);
    const std::string_view text = record->fields[text_column];
    texts.rows.push_back(
        {static_cast<std::size_t>(text.data() - texts.storage.data()), text.size(), record->line, *label});
  }
}

Result<TextRows> read_json_lines(const std::string& path, const std::string& content, const TextColumns& columns,
                                 const LabelReader& labels) {
  TextRows texts;
  std::string_view rest = content;
  for (std::size_t line = 1; !rest.empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.find_first_not_of(" \t\r") == text.npos) continue;
    const nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
    if (object.is_discarded()) return fail_at(path, line, "not valid JSON; every line is one object");
    auto row = read_object(object, columns, labels, texts.storage);
    if (!row) return fail_at(path, line, row.error().message);
    row->line = line;
    texts.rows.push_back(*row);
  }
  return texts;
}

}  // namespace wootz
