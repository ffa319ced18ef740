#include "wootz/search/move_recipe.h"

#include <filesystem>

namespace wootz {
namespace {

// An existing path, as seen from another folder.
std::string seen_from(const std::string& path, const std::string& folder) {
  std::error_code error;
  const std::filesystem::path relative = std::filesystem::relative(path, folder, error);
  return error || relative.empty() ? std::filesystem::absolute(path).string() : relative.string();
}

// Where a reference is found from the recipe's folder, or from the working directory, as locate_model looks for it.
std::string moved(FileSystem& files, const std::string& reference, const std::string& from, const std::string& to) {
  if (reference.starts_with('/')) return reference;
  for (const std::string& place : {join_path(from, reference), reference})
    if (files.exists(place)) return seen_from(place, to);
  return reference;
}

}  // namespace

void move_recipe(FileSystem& files, Recipe& recipe, const std::string& path) {
  const std::string from = parent_path(recipe.file);
  const std::string to = parent_path(path);
  recipe.file = path;
  std::error_code ignored;
  if (std::filesystem::equivalent(from, to, ignored)) return;
  for (RecipeModel& model : recipe.models) model.reference = moved(files, model.reference, from, to);
  if (recipe.base) recipe.base->reference = moved(files, recipe.base->reference, from, to);
  if (recipe.coefficients && !recipe.coefficients->path.starts_with('/'))
    recipe.coefficients->path = seen_from(join_path(from, recipe.coefficients->path), to);
  if (recipe.tokenizer_source) recipe.tokenizer_source = moved(files, *recipe.tokenizer_source, from, to);
}

}  // namespace wootz
