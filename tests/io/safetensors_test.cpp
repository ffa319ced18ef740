#include "wootz/io/safetensors.h"

#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"
#include "support/matchers.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/io/checkpoint.h"

namespace wootz {
namespace {

using testing::TempDir;

TEST(SafetensorsHeader, Parses) {
  const auto header = parse_safetensors_header(
      "{\"b\" : {\"shape\":[3], \"data_offsets\":[4 , 10],\r\n\t\"dtype\":\"BF16\"},"
      "\"__metadata__\":{\"format\":\"pt\",\"\":\"\"},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}   ",
      10);
  ASSERT_TRUE(header.has_value()) << header.error().message;
  ASSERT_EQ(header->tensors.size(), 2u);
  EXPECT_EQ(header->tensors[0].name, "a");
  EXPECT_EQ(header->tensors[0].shape, Shape{});
  EXPECT_EQ(header->tensors[1].name, "b");
  EXPECT_EQ(header->tensors[1].dtype, Dtype::kBF16);
  EXPECT_EQ(header->tensors[1].shape, Shape{3});
  EXPECT_EQ(header->tensors[1].begin, 4u);
  EXPECT_EQ(header->tensors[1].bytes(), 6u);
  EXPECT_EQ(header->metadata, (std::map<std::string, std::string>{{"format", "pt"}, {"", ""}}));
}

TEST(SafetensorsHeader, EmptyTensorsMayStandAnywhere) {
  const auto header = parse_safetensors_header(
      R"({"z":{"dtype":"F32","shape":[0,5],"data_offsets":[4,4]},"y":{"dtype":"I8","shape":[4],"data_offsets":[4,8]},)"
      R"("x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F64","shape":[0],"data_offsets":[8,8]},)"
      R"("v":{"dtype":"F64","shape":[2,0],"data_offsets":[0,0]}})",
      8);
  ASSERT_TRUE(header.has_value()) << header.error().message;
  std::string order;
  for (const auto& entry : header->tensors) order += entry.name;
  EXPECT_EQ(order, "vxzyw");
}

TEST(SafetensorsHeader, NoTensorsNoData) {
  EXPECT_TRUE(parse_safetensors_header("{}", 0).has_value());
  EXPECT_FALSE(parse_safetensors_header("{}", 1).has_value());
  EXPECT_FALSE(parse_safetensors_header("", 0).has_value());
}

TEST(SafetensorsHeader, LargestSizesDoNotOverflow) {
  const std::string json =
      R"({"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}})";
  EXPECT_TRUE(parse_safetensors_header(json, ~0ull).has_value());
  EXPECT_THAT(parse_safetensors_header(json, 0).error().message,
              testing::HasSubstr("truncated: 18446744073709551615 bytes missing"));
}

// The bytes that the reference implementation writes for these tensors, but for its padding with NUL or spaces.
TEST(SafetensorsHeader, EncodesAsTheReferenceDoes) {
  const std::vector<SafetensorsEntry> entries{
      {"b\"\n\u00e9\x01/", Dtype::kI64, {2, 0, 3}, 0, 0}, {"a", Dtype::kF32, {2}, 0, 8}, {"c", Dtype::kF16, {}, 8, 10}};
  const std::string encoded = encode_safetensors_header(entries, {{"format", "pt"}});
  const std::string json =
      "{\"__metadata__\":{\"format\":\"pt\"},"
      "\"b\\\"\\n\u00e9\\u0001/\":{\"dtype\":\"I64\",\"shape\":[2,0,3],\"data_offsets\":[0,0]},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
      "\"c\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[8,10]}}";
  ASSERT_EQ(encoded.size(), 8u + 208u);
  EXPECT_EQ(encoded.substr(0, 8), std::string("\xd0\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(encoded.substr(8, json.size()), json);
  EXPECT_EQ(encoded.find_first_not_of(' ', 8 + json.size()), std::string::npos);
}

TEST(SafetensorsHeader, EncodesNothing) {
  EXPECT_EQ(encode_safetensors_header({}, {}), std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
}

TEST(SafetensorsHeaderDeathTest, EncodingAHoleIsABug) {
  const std::vector<SafetensorsEntry> entries{{"a", Dtype::kF32, {1}, 4, 8}};
  EXPECT_DEATH(encode_safetensors_header(entries, {}), "internal error");
}

TEST(SafetensorsHeader, EveryDtypeComesBack) {
  std::vector<SafetensorsEntry> entries;
  std::uint64_t offset = 0;
  for (int i = 0; i <= static_cast<int>(Dtype::kF8E5M2); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    const std::uint64_t bytes = 6 * item_size(dtype);
    entries.push_back({std::string(dtype_name(dtype)), dtype, {2, 3}, offset, offset + bytes});
    offset += bytes;
  }
  const auto header =
      parse_safetensors_header(std::string_view(encode_safetensors_header(entries, {})).substr(8), offset);
  ASSERT_TRUE(header.has_value()) << header.error().message;
  ASSERT_EQ(header->tensors.size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(header->tensors[i].name, entries[i].name);
    EXPECT_EQ(header->tensors[i].dtype, entries[i].dtype);
    EXPECT_EQ(header->tensors[i].end, entries[i].end);
  }
}

// Damage of any one byte before the data, or a cut anywhere, must never be worse than an error.
TEST(SafetensorsFile, DamagedFilesAreReadOrRefused) {
  const TempDir directory;
  const std::string path = directory / "model.safetensors";
  const std::vector<testing::TestTensor> tensors{
      testing::make_tensor("first.weight", Dtype::kF32, {2, 2}, {1, 2, 3, 4}),
      testing::make_tensor("second", Dtype::kBF16, {3}, {5, 6, 7})};
  testing::write_safetensors(path, tensors);
  const std::string good = testing::read_file(path);
  const auto open = [&](const std::string& bytes) {
    testing::write_file(path, bytes);
    const auto checkpoint = Checkpoint::open(posix_file_system(), path);
    EXPECT_TRUE(checkpoint || checkpoint.error().kind == ErrorKind::kInput);
    return checkpoint.has_value();
  };
  ASSERT_TRUE(open(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(open(good.substr(0, size))) << size;
  std::size_t refused = 0;
  const std::size_t header_size = good.size() - 22;
  for (std::size_t i = 0; i < header_size; ++i)
    for (const int bit : {0, 1, 5, 7}) {
      std::string bytes = good;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      if (!open(bytes)) ++refused;
    }
  EXPECT_GT(refused, header_size * 2);  // most bytes matter; those of names and metadata do not
}

}  // namespace
}  // namespace wootz
