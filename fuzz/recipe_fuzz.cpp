// Any text is a recipe or a list of findings; a recipe without errors resolves for every tensor that its check passes.
#include <cstdint>

#include "wootz/core/check.h"
#include "wootz/recipe/coefficients.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wootz;
  const std::string text(data, data + size);
  ParsedRecipe parsed = parse_recipe(text, "fuzz.yml", builtin_methods());
  for (const Diagnostic& item : parsed.diagnostics.items()) WOOTZ_CHECK(!to_string(item).empty());
  if (parsed.diagnostics.has_errors()) return 0;

  Recipe& recipe = parsed.recipe;
  if (recipe.coefficients) {
    std::string row;
    for (std::size_t lane = 0; lane < recipe.lanes().size(); ++lane) row += "0.3, ";
    if (load_coefficients(recipe, "rows: [[" + row + "]]", "table.yml").has_errors()) return 0;
  }
  const std::vector<std::string> tensors = {"embed.weight", "layers.0.self_attn.q_proj.weight", "layers.1.mlp.weight"};
  if (check_coverage(recipe, tensors).has_errors()) return 0;
  const std::vector<LayerPlace> places = layer_places(tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    resolve_parameters(*recipe.method, recipe, recipe.parameters, tensors[i], places[i]);
    for (const RecipeTransform& transform : recipe.transforms)
      resolve_parameters(*transform.method, recipe, transform.parameters, tensors[i], places[i]);
  }
  return 0;
}
