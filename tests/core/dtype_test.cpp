#include "wootz/core/dtype.h"

#include <gtest/gtest.h>

#include <vector>

namespace wootz {
namespace {

struct Row {
  Dtype dtype;
  std::string_view name;
  std::string_view torch;
  std::size_t bytes;
};

// As the safetensors format and torch define them.
const std::vector<Row> kRows{
    {Dtype::kF64, "F64", "float64", 8},
    {Dtype::kF32, "F32", "float32", 4},
    {Dtype::kF16, "F16", "float16", 2},
    {Dtype::kBF16, "BF16", "bfloat16", 2},
    {Dtype::kI64, "I64", "int64", 8},
    {Dtype::kI32, "I32", "int32", 4},
    {Dtype::kI16, "I16", "int16", 2},
    {Dtype::kI8, "I8", "int8", 1},
    {Dtype::kU64, "U64", "uint64", 8},
    {Dtype::kU32, "U32", "uint32", 4},
    {Dtype::kU16, "U16", "uint16", 2},
    {Dtype::kU8, "U8", "uint8", 1},
    {Dtype::kBool, "BOOL", "bool", 1},
    {Dtype::kF8E4M3, "F8_E4M3", "float8_e4m3fn", 1},
    {Dtype::kF8E5M2, "F8_E5M2", "float8_e5m2", 1},
};

TEST(Dtype, NamesAndSizes) {
  for (const Row& row : kRows) {
    EXPECT_EQ(dtype_name(row.dtype), row.name);
    EXPECT_EQ(torch_name(row.dtype), row.torch);
    EXPECT_EQ(item_size(row.dtype), row.bytes);
    EXPECT_EQ(dtype_from_name(row.name), row.dtype);
  }
}

TEST(Dtype, UnknownNames) {
  for (const std::string_view name : {"", "f32", "F31", "F32 ", "float32", "F8"})
    EXPECT_EQ(dtype_from_name(name), std::nullopt) << name;
}

TEST(Dtype, RecipeWords) {
  EXPECT_EQ(dtype_from_torch_name("float32"), Dtype::kF32);
  EXPECT_EQ(dtype_from_torch_name("torch.bfloat16"), Dtype::kBF16);
  EXPECT_EQ(dtype_from_torch_name("float16"), Dtype::kF16);
  EXPECT_EQ(dtype_from_torch_name("torch.float64"), Dtype::kF64);
  // A merge cannot be computed in these.
  for (const std::string_view name : {"int64", "torch.uint8", "bool", "torch.torch.float32", "BF16", ""})
    EXPECT_EQ(dtype_from_torch_name(name), std::nullopt) << name;
}

TEST(Dtype, PromotionFollowsTorch) {
  using enum Dtype;
  EXPECT_EQ(promote(kBF16, kBF16), kBF16);
  EXPECT_EQ(promote(kF16, kF16), kF16);
  EXPECT_EQ(promote(kF16, kBF16), kF32);
  EXPECT_EQ(promote(kBF16, kF16), kF32);
  EXPECT_EQ(promote(kBF16, kF32), kF32);
  EXPECT_EQ(promote(kF64, kF16), kF64);
  EXPECT_EQ(promote(kF32, kF64), kF64);
}

TEST(DtypeDeathTest, PromotionOfIntegersIsABug) { EXPECT_DEATH(promote(Dtype::kI64, Dtype::kF32), "internal error"); }

}  // namespace
}  // namespace wootz
