// Aligned columns.
#pragma once

#include <string>
#include <vector>

namespace wootz::cli {

class Table {
 public:
  enum class Align { kLeft, kRight };

  /// Starts a column; `header` may be empty.
  void add_column(std::string header, Align align = Align::kRight);
  /// One cell a column; missing ones are empty.
  void add_row(std::vector<std::string> cells);
  /// The header (unless all are empty) and rows, each indented by `indent` spaces and ended by a newline.
  std::string text(std::size_t indent = 0) const;

 private:
  struct Column {
    std::string header;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace wootz::cli
