#include "wootz/engine/sources.h"

#include <unordered_map>

namespace wootz {

OpenedSources open_sources(FileSystem& files, const Recipe& recipe) {
  OpenedSources opened;
  const std::string folder = recipe.file.empty() ? "." : parent_path(recipe.file);
  const auto open_one = [&](const RecipeModel& model) {
    auto path = locate_model(files, model.reference, folder);
    auto checkpoint = path ? Checkpoint::open(files, *path) : tl::unexpected(std::move(path).error());
    if (checkpoint)
      opened.sources.models.push_back({model.reference, std::move(*checkpoint)});
    else
      opened.diagnostics.error(checkpoint.error().kind, model.place, std::move(checkpoint).error().message);
  };

  for (const RecipeModel& model : recipe.models) open_one(model);
  bool listed = false;
  for (std::size_t i = 0; recipe.base && i < recipe.models.size(); ++i)
    if (recipe.models[i].reference == recipe.base->reference) {
      opened.sources.base = i;
      listed = true;
    }
  if (recipe.base && !listed) {
    opened.sources.base = recipe.models.size();
    open_one(*recipe.base);
  }
  opened.sources.lanes = recipe.lanes();
  return opened;
}

}  // namespace wootz
