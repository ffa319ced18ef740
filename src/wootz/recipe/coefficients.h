// Coefficient tables: a weight for every tensor and model, from a file. docs/formats/coefficients.md is the format.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wootz/core/diagnostic.h"
#include "wootz/recipe/published_orders.h"
#include "wootz/recipe/recipe.h"

namespace wootz {

struct CoefficientTable {
  /// A row that the file has under a tensor's name.
  struct Named {
    std::string tensor;
    SourcePlace place;
  };

  std::string file;                 ///< its path, "" when made in memory
  std::string text;                 ///< verbatim; what a merge puts beside its recipe
  std::vector<std::string> models;  ///< what the columns are for; empty: the recipe's lanes in order
  std::unordered_map<std::string, std::vector<double>> rows;  ///< by tensor name, a value for each column
  std::optional<std::vector<double>> fallback;                ///< of tensors without a row
  std::vector<Named> named;                                   ///< in the order of the file
  bool by_position = false;                                   ///< the file has rows without names
  std::optional<PublishedOrder> order;  ///< of more than one such row; each is in `rows` under every name it may be for
  std::size_t blocks = 0;               ///< of a model with that many rows
  SourcePlace models_place;             ///< of `models`, or of the rows
  SourcePlace rows_place;

  /// The values for a tensor, or nullptr.
  const std::vector<double>* find(std::string_view tensor) const;
  /// Values in a row.
  std::size_t columns() const;
};

/// What a text says, all findings at once; nullopt with errors.
std::optional<CoefficientTable> parse_coefficients(std::string_view text, std::string file, Diagnostics& diagnostics);

/// YAML that parse_coefficients reads as the same table: models, fallback and, in this order, the rows of `names`, bit
/// for bit. Names without a row are left out. Each line of `comment` stands at the top, after "# ".
std::string write_coefficients(const CoefficientTable& table, const std::vector<std::string>& names,
                               std::string_view comment = "");

/// Reads the table that recipe.coefficients names from its text and sets it, with a column for each of recipe.lanes()
/// in order. `file` is its path, for messages. Requires: a recipe without errors that names one.
Diagnostics load_coefficients(Recipe& recipe, std::string_view text, std::string file);

/// Reports tensors to merge that the table has no values for (false then), and rows that are for none of them.
bool check_rows(const CoefficientTable& table, const std::vector<std::string>& tensor_names, Diagnostics& diagnostics);

}  // namespace wootz
