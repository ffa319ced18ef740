#include "recipe_input.h"

#include <iostream>
#include <iterator>

#include "wootz/engine/coefficient_file.h"

namespace wootz::cli {
namespace {

// Recipes are small; a weight file given by mistake is not read into memory.
constexpr std::uint64_t kMaxRecipe = std::uint64_t{4} << 20;

Result<std::string> read_recipe(FileSystem& files, const std::string& path) {
  if (path != "-") {
    if (!files.exists(path)) return fail(ErrorKind::kInput, "{}: no such recipe", path);
    return read_text(files, path, kMaxRecipe);
  }
  std::string text(kMaxRecipe + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  if (text.size() > kMaxRecipe) return fail(ErrorKind::kInput, "standard input: too long for a recipe");
  return text;
}

// The seed becomes part of the recipe's text, so that the recipe in the output gives the same bytes again.
ParsedRecipe parse_with_seed(const std::string& text, const std::string& name, std::uint64_t seed) {
  ParsedRecipe parsed = parse_recipe(text, name, builtin_methods());
  const std::string seeded = fmt::format("{}{}seed: {}\n", text, text.ends_with('\n') ? "" : "\n", seed);
  ParsedRecipe with_seed = parse_recipe(seeded, name, builtin_methods());
  if (!with_seed.diagnostics.has_errors()) return with_seed;
  // The recipe has a seed already, or is written in a way that takes no further line.
  parsed.recipe.seed = seed;
  parsed.recipe.text += fmt::format("\n# merged with seed {} from the command line\n", seed);
  return parsed;
}

}  // namespace

Result<PlannedMerge> plan_recipe(FileSystem& files, const PlanInput& input) {
  WOOTZ_TRY(const std::string text, read_recipe(files, input.recipe));
  const std::string name = input.recipe == "-" ? "<stdin>" : input.recipe;
  ParsedRecipe parsed =
      input.seed ? parse_with_seed(text, name, *input.seed) : parse_recipe(text, name, builtin_methods());
  if (!parsed.diagnostics.has_errors()) parsed.diagnostics.append(read_coefficients(files, parsed.recipe));
  if (parsed.diagnostics.has_errors()) return PlannedMerge{{}, std::move(parsed.diagnostics)};

  OpenedSources opened = open_sources(files, parsed.recipe);
  PlannedMerge planned = plan_merge(std::move(parsed.recipe), std::move(opened), input.options);
  Diagnostics all = std::move(parsed.diagnostics);
  all.append(std::move(planned.diagnostics));
  planned.diagnostics = std::move(all);
  return planned;
}

Result<> check_static(const Recipe& recipe) {
  if (!recipe.method->learns()) return {};
  return fail(ErrorKind::kUsage, "merge_method '{}' learns from data: run 'wootz adapt {} OUT'", recipe.method->name,
              recipe.file);
}

}  // namespace wootz::cli
