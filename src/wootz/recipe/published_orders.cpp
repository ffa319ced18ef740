#include "wootz/recipe/published_orders.h"

#include <fmt/format.h>

#include <array>
#include <span>

namespace wootz {
namespace {

// A row's tensor in OpenCLIP, and those of the Hugging Face model that hold the same.
struct Row {
  std::string_view open_clip;
  std::array<std::string_view, 3> hugging_face;
};

// The text tower's leftovers, which AdaMerging's tables have rows for, are no part of a vision model.
constexpr std::array<Row, 9> kOpenClipHead{{
    {"positional_embedding", {"text_model.embeddings.position_embedding.weight"}},
    {"text_projection", {"text_projection.weight"}},
    {"logit_scale", {"logit_scale"}},
    {"visual.class_embedding", {"vision_model.embeddings.class_embedding"}},
    {"visual.positional_embedding", {"vision_model.embeddings.position_embedding.weight"}},
    {"visual.proj", {"visual_projection.weight"}},
    {"visual.conv1.weight", {"vision_model.embeddings.patch_embedding.weight"}},
    {"visual.ln_pre.weight", {"vision_model.pre_layrnorm.weight"}},
    {"visual.ln_pre.bias", {"vision_model.pre_layrnorm.bias"}},
}};

constexpr std::array<Row, 12> kOpenClipBlock{{
    {"ln_1.weight", {"layer_norm1.weight"}},
    {"ln_1.bias", {"layer_norm1.bias"}},
    {"attn.in_proj_weight", {"self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight"}},
    {"attn.in_proj_bias", {"self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias"}},
    {"attn.out_proj.weight", {"self_attn.out_proj.weight"}},
    {"attn.out_proj.bias", {"self_attn.out_proj.bias"}},
    {"ln_2.weight", {"layer_norm2.weight"}},
    {"ln_2.bias", {"layer_norm2.bias"}},
    {"mlp.c_fc.weight", {"mlp.fc1.weight"}},
    {"mlp.c_fc.bias", {"mlp.fc1.bias"}},
    {"mlp.c_proj.weight", {"mlp.fc2.weight"}},
    {"mlp.c_proj.bias", {"mlp.fc2.bias"}},
}};

constexpr std::array<Row, 5> kOpenClipTail{{
    {"visual.ln_post.weight", {"vision_model.post_layernorm.weight"}},
    {"visual.ln_post.bias", {"vision_model.post_layernorm.bias"}},
    {"token_embedding.weight", {"text_model.embeddings.token_embedding.weight"}},
    {"ln_final.weight", {"text_model.final_layer_norm.weight"}},
    {"ln_final.bias", {"text_model.final_layer_norm.bias"}},
}};

constexpr std::array<Row, 5> kTransformersHead{{
    {"", {"vision_model.embeddings.class_embedding"}},
    {"", {"vision_model.embeddings.patch_embedding.weight"}},
    {"", {"vision_model.embeddings.position_embedding.weight"}},
    {"", {"vision_model.pre_layrnorm.weight"}},
    {"", {"vision_model.pre_layrnorm.bias"}},
}};

constexpr std::array<Row, 16> kTransformersBlock{{
    {"", {"self_attn.k_proj.weight"}},
    {"", {"self_attn.k_proj.bias"}},
    {"", {"self_attn.v_proj.weight"}},
    {"", {"self_attn.v_proj.bias"}},
    {"", {"self_attn.q_proj.weight"}},
    {"", {"self_attn.q_proj.bias"}},
    {"", {"self_attn.out_proj.weight"}},
    {"", {"self_attn.out_proj.bias"}},
    {"", {"layer_norm1.weight"}},
    {"", {"layer_norm1.bias"}},
    {"", {"mlp.fc1.weight"}},
    {"", {"mlp.fc1.bias"}},
    {"", {"mlp.fc2.weight"}},
    {"", {"mlp.fc2.bias"}},
    {"", {"layer_norm2.weight"}},
    {"", {"layer_norm2.bias"}},
}};

constexpr std::array<Row, 2> kTransformersTail{{
    {"", {"vision_model.post_layernorm.weight"}},
    {"", {"vision_model.post_layernorm.bias"}},
}};

struct Rows {
  std::span<const Row> head;
  std::span<const Row> block;
  std::span<const Row> tail;
};

Rows rows_of(PublishedOrder order) {
  if (order == PublishedOrder::kOpenClip) return {kOpenClipHead, kOpenClipBlock, kOpenClipTail};
  return {kTransformersHead, kTransformersBlock, kTransformersTail};
}

// OpenCLIP's own checkpoints lack the "model." of the wrapper that was merged; transformers 5 drops "vision_model.".
std::vector<std::string> names_of(const Row& row, const std::string& open_clip, const std::string& hugging_face) {
  constexpr std::string_view kVision = "vision_model.";
  std::vector<std::string> names;
  if (!row.open_clip.empty()) {
    names.push_back(fmt::format("model.{}{}", open_clip, row.open_clip));
    names.push_back(fmt::format("{}{}", open_clip, row.open_clip));
  }
  for (const std::string_view other : row.hugging_face) {
    if (other.empty()) continue;
    names.push_back(fmt::format("{}{}", hugging_face, other));
    if (names.back().starts_with(kVision)) names.push_back(names.back().substr(kVision.size()));
  }
  return names;
}

std::vector<std::string> names_in_block(const Row& row, std::size_t block) {
  return names_of(row, fmt::format("visual.transformer.resblocks.{}.", block),
                  fmt::format("vision_model.encoder.layers.{}.", block));
}

}  // namespace

const std::vector<std::string>& published_order_words() {
  static const std::vector<std::string> words = {"openclip", "transformers"};
  return words;
}

std::size_t published_rows(PublishedOrder order, std::size_t blocks) {
  const Rows rows = rows_of(order);
  return rows.head.size() + blocks * rows.block.size() + rows.tail.size();
}

std::optional<std::size_t> published_blocks(PublishedOrder order, std::size_t rows) {
  const std::size_t outside = published_rows(order, 0);
  const std::size_t of_block = rows_of(order).block.size();
  if (rows <= outside || (rows - outside) % of_block != 0) return std::nullopt;
  return (rows - outside) / of_block;
}

std::vector<std::vector<std::string>> published_names(PublishedOrder order, std::size_t blocks) {
  const Rows rows = rows_of(order);
  std::vector<std::vector<std::string>> names;
  names.reserve(published_rows(order, blocks));
  for (const Row& row : rows.head) names.push_back(names_of(row, "", ""));
  for (std::size_t block = 0; block < blocks; ++block)
    for (const Row& row : rows.block) names.push_back(names_in_block(row, block));
  for (const Row& row : rows.tail) names.push_back(names_of(row, "", ""));
  return names;
}

std::size_t count_published_blocks(PublishedOrder order, const std::unordered_set<std::string_view>& names) {
  const auto has_block = [&](std::size_t block) {
    for (const Row& row : rows_of(order).block)
      for (const std::string& name : names_in_block(row, block))
        if (names.contains(name)) return true;
    return false;
  };
  std::size_t blocks = 0;
  while (has_block(blocks)) ++blocks;
  return blocks;
}

}  // namespace wootz
