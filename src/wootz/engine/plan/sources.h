// The checkpoints a recipe names, opened.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "wootz/core/diagnostic.h"
#include "wootz/io/checkpoint.h"
#include "wootz/recipe/recipe.h"

namespace wootz {

struct Source {
  std::string reference;  ///< as the recipe writes it
  Checkpoint checkpoint;
};

struct Sources {
  std::vector<Source> models;       ///< recipe.models in order, then the base when it is not among them
  std::optional<std::size_t> base;  ///< index into models
  std::vector<std::size_t> lanes;   ///< models that become lanes, in order

  /// The model whose tensor names, order and side files the output takes: the base, or else the first.
  const Source& donor() const { return models[base.value_or(0)]; }
  std::size_t donor_index() const { return base.value_or(0); }
};

/// Opens every model; all that cannot be opened are reported, each at its line of the recipe.
struct OpenedSources {
  Sources sources;
  Diagnostics diagnostics;
};
OpenedSources open_sources(FileSystem& files, const Recipe& recipe);

}  // namespace wootz
