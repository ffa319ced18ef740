#include "wootz/io/shard_index.h"

#include <gtest/gtest.h>

namespace wootz {
namespace {

TEST(ShardIndex, Parses) {
  const auto index = parse_shard_index(
      R"({"metadata": {"mergekit_version": "0.1.4", "total_size": 99, "nested": [1.5, {"x": null}]},
          "weight_map": {"b": "m-2.safetensors", "a": "m-1.safetensors"}, "extra": true})");
  ASSERT_TRUE(index.has_value()) << index.error().message;
  EXPECT_EQ(index->total_size, 99u);
  EXPECT_EQ(index->weight_map,
            (std::map<std::string, std::string>{{"a", "m-1.safetensors"}, {"b", "m-2.safetensors"}}));
}

TEST(ShardIndex, TheSizeIsOnlyAHint) {
  const auto size = [](const std::string& metadata) {
    return parse_shard_index("{" + metadata + R"("weight_map":{"a":"m.safetensors"}})").value().total_size;
  };
  EXPECT_EQ(size(""), 0u);
  EXPECT_EQ(size(R"("metadata":{},)"), 0u);
  EXPECT_EQ(size(R"("metadata":{"total_size":1.5e9},)"), 0u);
  EXPECT_EQ(size(R"("metadata":{"total_size":"12"},)"), 0u);
  EXPECT_EQ(size(R"("metadata":{"total_size":12},)"), 12u);
}

// What Python's json.dumps(index, indent=2, sort_keys=True) gives, and a newline.
TEST(ShardIndex, EncodesAsTransformersDoes) {
  const ShardIndex index{{{"\u00e9\U0001F600\"", "m.safetensors"}, {"b\x7f", "m.safetensors"}}, 12};
  EXPECT_EQ(encode_shard_index(index),
            "{\n"
            "  \"metadata\": {\n"
            "    \"total_size\": 12\n"
            "  },\n"
            "  \"weight_map\": {\n"
            "    \"b\\u007f\": \"m.safetensors\",\n"
            "    \"\\u00e9\\ud83d\\ude00\\\"\": \"m.safetensors\"\n"
            "  }\n"
            "}\n");
  const auto again = parse_shard_index(encode_shard_index(index));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->weight_map, index.weight_map);
  EXPECT_EQ(again->total_size, 12u);
}

TEST(ShardIndex, ShardNames) {
  EXPECT_EQ(shard_name(1, 1), "model.safetensors");
  EXPECT_EQ(shard_name(2, 5), "model-00002-of-00005.safetensors");
  EXPECT_EQ(shard_name(100000, 123456), "model-100000-of-123456.safetensors");
}

}  // namespace
}  // namespace wootz
