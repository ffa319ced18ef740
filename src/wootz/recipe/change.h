// Values that enter a recipe after it was read. Each function takes a recipe and returns the changed one, with the text
// that outputs then carry: nobody else writes Recipe::text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wootz/core/result.h"
#include "wootz/recipe/recipe.h"

namespace wootz {

struct CoefficientTable;

/// The recipe with another seed. Its text gets the seed as a further line where the text takes one, so that the recipe
/// in the output gives the same bytes again; elsewhere a comment tells of it. Requires: a recipe without errors.
Recipe with_seed(Recipe recipe, std::uint64_t seed);

/// What is said instead of a recipe's `adapt:` section.
struct AdaptChanges {
  std::optional<std::size_t> steps;
  std::optional<std::uint64_t> seed;
  std::string corruption;  ///< "": the section's
  int severity = 5;        ///< of `corruption`
};

/// The recipe with these settings. They become a comment of its text, so that the output tells of them and an
/// unfinished run with other values is told apart. Requires: recipe.adapt.
Recipe with_adapt_changes(Recipe recipe, const AdaptChanges& changes);

/// The recipe with a table made in memory, which outputs carry under the file name `name`, each line of `comment` at
/// its top. The table has a column for each of recipe.lanes(), in order, and a row for each of `tensors`. Fails
/// (kInput) when a value is not finite. Requires: a recipe of a method with a weight for each model.
Result<Recipe> with_coefficient_table(Recipe recipe, CoefficientTable table, const std::vector<std::string>& tensors,
                                      const std::string& name, std::string_view comment = "");

/// The recipe with a text that is written from its data, each line of `comment` at the top. For recipes whose data were
/// changed. Requires: what write_recipe requires.
Recipe with_written_text(Recipe recipe, std::string_view comment = "");

}  // namespace wootz
