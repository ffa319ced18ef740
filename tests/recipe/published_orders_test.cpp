#include "wootz/recipe/published_orders.h"

#include <gtest/gtest.h>

#include <set>

#include "support/matchers.h"

namespace wootz {
namespace {

using testing::Contains;
using testing::ElementsAre;

constexpr PublishedOrder kOpenClip = PublishedOrder::kOpenClip;
constexpr PublishedOrder kTransformers = PublishedOrder::kTransformers;

TEST(PublishedOrders, HaveThePublishedNumbersOfRows) {
  for (const auto& [order, blocks, rows] :
       {std::tuple{kOpenClip, 12, 158}, {kOpenClip, 24, 302}, {kTransformers, 12, 199}, {kTransformers, 24, 391}}) {
    EXPECT_EQ(published_rows(order, static_cast<std::size_t>(blocks)), rows);
    EXPECT_EQ(published_blocks(order, static_cast<std::size_t>(rows)), blocks);
    EXPECT_EQ(published_names(order, static_cast<std::size_t>(blocks)).size(), static_cast<std::size_t>(rows));
    EXPECT_EQ(published_blocks(order, static_cast<std::size_t>(rows) + 1), std::nullopt);
  }
  EXPECT_EQ(published_blocks(kOpenClip, 14), std::nullopt);
  EXPECT_EQ(published_blocks(kTransformers, 0), std::nullopt);
}

TEST(PublishedOrders, OpenClipNamesAreItsStateDictsAndHuggingFaces) {
  const auto names = published_names(kOpenClip, 12);
  EXPECT_THAT(names[0], ElementsAre("model.positional_embedding", "positional_embedding",
                                    "text_model.embeddings.position_embedding.weight"));
  EXPECT_THAT(names[3], ElementsAre("model.visual.class_embedding", "visual.class_embedding",
                                    "vision_model.embeddings.class_embedding", "embeddings.class_embedding"));
  EXPECT_THAT(names[5], ElementsAre("model.visual.proj", "visual.proj", "visual_projection.weight"));
  EXPECT_THAT(names[6], Contains("vision_model.embeddings.patch_embedding.weight"));
  EXPECT_THAT(names[9], Contains("model.visual.transformer.resblocks.0.ln_1.weight"));
  EXPECT_THAT(names[9], Contains("vision_model.encoder.layers.0.layer_norm1.weight"));
  EXPECT_THAT(
      names[9 + 12 * 11 + 2],
      ElementsAre("model.visual.transformer.resblocks.11.attn.in_proj_weight",
                  "visual.transformer.resblocks.11.attn.in_proj_weight",
                  "vision_model.encoder.layers.11.self_attn.q_proj.weight", "encoder.layers.11.self_attn.q_proj.weight",
                  "vision_model.encoder.layers.11.self_attn.k_proj.weight", "encoder.layers.11.self_attn.k_proj.weight",
                  "vision_model.encoder.layers.11.self_attn.v_proj.weight",
                  "encoder.layers.11.self_attn.v_proj.weight"));
  EXPECT_THAT(names[152], Contains("vision_model.encoder.layers.11.mlp.fc2.bias"));
  EXPECT_THAT(names[153], Contains("vision_model.post_layernorm.weight"));
  EXPECT_THAT(names[157], ElementsAre("model.ln_final.bias", "ln_final.bias", "text_model.final_layer_norm.bias"));
}

TEST(PublishedOrders, TransformersNamesAreInModuleOrder) {
  const auto names = published_names(kTransformers, 24);
  EXPECT_THAT(names[0], ElementsAre("vision_model.embeddings.class_embedding", "embeddings.class_embedding"));
  EXPECT_THAT(names[2], Contains("vision_model.embeddings.position_embedding.weight"));
  EXPECT_THAT(names[4], Contains("vision_model.pre_layrnorm.bias"));
  EXPECT_THAT(names[5], ElementsAre("vision_model.encoder.layers.0.self_attn.k_proj.weight",
                                    "encoder.layers.0.self_attn.k_proj.weight"));
  EXPECT_THAT(names[5 + 16 * 23 + 4], Contains("vision_model.encoder.layers.23.self_attn.q_proj.weight"));
  EXPECT_THAT(names[388], Contains("vision_model.encoder.layers.23.layer_norm2.bias"));
  EXPECT_THAT(names[390], Contains("vision_model.post_layernorm.bias"));
}

TEST(PublishedOrders, ANameBelongsToOneRow) {
  for (const PublishedOrder order : {kOpenClip, kTransformers}) {
    std::set<std::string> seen;
    for (const std::vector<std::string>& row : published_names(order, 3))
      for (const std::string& name : std::set<std::string>(row.begin(), row.end()))
        EXPECT_TRUE(seen.insert(name).second) << name;
  }
}

TEST(PublishedOrders, CountBlocksFromTheFirst) {
  EXPECT_EQ(count_published_blocks(kOpenClip, {}), 0u);
  EXPECT_EQ(count_published_blocks(kOpenClip, {"visual.transformer.resblocks.0.ln_1.bias",
                                               "encoder.layers.1.mlp.fc2.bias", "encoder.layers.3.mlp.fc2.bias"}),
            2u);
  EXPECT_EQ(count_published_blocks(kTransformers, {"visual.transformer.resblocks.0.ln_1.bias"}), 0u);
}

}  // namespace
}  // namespace wootz
