// Tensor orders of published coefficient tables, whose rows have positions instead of names.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace wootz {

enum class PublishedOrder {
  kOpenClip,      ///< OpenCLIP's image encoder as AdaMerging merges it: 14 rows and 12 a transformer block
  kTransformers,  ///< Hugging Face's CLIPVisionModel as FusionBench merges it: 7 rows and 16 a block
};

/// The words of a table's `order`, by the number of the enumerator.
const std::vector<std::string>& published_order_words();

std::size_t published_rows(PublishedOrder order, std::size_t blocks);

/// The number of blocks that gives so many rows, if there is one.
std::optional<std::size_t> published_blocks(PublishedOrder order, std::size_t rows);

/// Row by row, the names a tensor of that row may have: in the order's own library first, then elsewhere. A row of
/// several tensors (OpenCLIP keeps query, key and value in one) has the names of all.
std::vector<std::vector<std::string>> published_names(PublishedOrder order, std::size_t blocks);

/// How many blocks, counted from the first, have a tensor among the names.
std::size_t count_published_blocks(PublishedOrder order, const std::unordered_set<std::string_view>& names);

}  // namespace wootz
