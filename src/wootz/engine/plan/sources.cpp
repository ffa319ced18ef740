#include "wootz/engine/plan/sources.h"

#include <nlohmann/json.hpp>

#include "wootz/io/routed_model_type.h"

namespace wootz {

namespace {

// The weights of a routed model are only a part of it: merged, they would make a model that nothing says is broken.
Result<Checkpoint> open_plain(FileSystem& files, const std::string& path) {
  constexpr std::uint64_t kLargest = 16'000'000;
  WOOTZ_TRY(Checkpoint checkpoint, Checkpoint::open(files, path));
  const std::string config = join_path(checkpoint.directory(), "config.json");
  if (!files.exists(config)) return checkpoint;
  const auto text = read_text(files, config, kLargest);
  const auto json = nlohmann::json::parse(text.value_or(""), nullptr, false);
  if (json.is_object() && json.contains("model_type") && json["model_type"] == kRoutedModelType)
    return fail(ErrorKind::kUsage, "'{}' has routed modules, which cannot be merged: 'wootz fold' makes it plain first",
                path);
  return checkpoint;
}

}  // namespace

OpenedSources open_sources(FileSystem& files, const Recipe& recipe) {
  OpenedSources opened;
  const std::string folder = recipe.file.empty() ? "." : parent_path(recipe.file);
  const auto open_one = [&](const RecipeModel& model) {
    auto path = locate_model(files, model.reference, folder);
    auto checkpoint = path ? open_plain(files, *path) : tl::unexpected(std::move(path).error());
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
