// Internal to data: what the readers of labelled texts share.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"

namespace wootz {

/// One labelled text; the text is a part of the storage it was read from.
struct TextRow {
  std::size_t begin = 0;
  std::size_t size = 0;
  std::size_t line = 0;  ///< of the file, from 1
  int label = 0;
};

struct TextRows {
  std::string storage;
  std::vector<TextRow> rows;
};

/// Turns what stands in a label column into a label.
class LabelReader {
 public:
  /// Names in label order; may be empty.
  explicit LabelReader(const std::vector<std::string>& class_names);

  /// A class name, or else a number. Fails (kInput) saying what it is instead.
  Result<int> from_text(std::string_view text) const;
  Result<int> from_number(std::uint64_t number) const;

 private:
  const std::vector<std::string>& names_;
  std::map<std::string_view, int> by_name_;
};

/// Where text and label stand. Names where there is a header (or keys); else positions from 0.
struct TextColumns {
  std::string text;   ///< "": "text", or 1 without a header
  std::string label;  ///< "": "label", or 0 without a header
  bool header = false;
};

/// Errors of these start with `path` and the line.
Result<TextRows> read_delimited_texts(const std::string& path, std::string content, char separator, bool quoted,
                                      const TextColumns& columns, const LabelReader& labels);
Result<TextRows> read_json_lines(const std::string& path, const std::string& content, const TextColumns& columns,
                                 const LabelReader& labels);

}  // namespace wootz
