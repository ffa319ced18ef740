#include "wootz/core/dtype.h"

#include <array>

#include "wootz/core/check.h"

namespace wootz {
namespace {

struct DtypeRow {
  Dtype dtype;
  std::string_view name;
  std::string_view torch_name;
  std::size_t bytes;
};

// In the order of the enum, so that a dtype indexes its row.
constexpr std::array<DtypeRow, 15> kRows{{
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
}};

const DtypeRow& row(Dtype dtype) { return kRows[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::size_t item_size(Dtype dtype) { return row(dtype).bytes; }

std::string_view dtype_name(Dtype dtype) { return row(dtype).name; }

std::string_view torch_name(Dtype dtype) { return row(dtype).torch_name; }

std::optional<Dtype> dtype_from_name(std::string_view name) {
  for (const DtypeRow& entry : kRows)
    if (entry.name == name) return entry.dtype;
  return std::nullopt;
}

std::optional<Dtype> dtype_from_torch_name(std::string_view name) {
  constexpr std::string_view kPrefix = "torch.";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  for (const DtypeRow& entry : kRows)
    if (entry.torch_name == name && is_mergeable(entry.dtype)) return entry.dtype;
  return std::nullopt;
}

bool is_mergeable(Dtype dtype) {
  return dtype == Dtype::kF64 || dtype == Dtype::kF32 || dtype == Dtype::kF16 || dtype == Dtype::kBF16;
}

Dtype promote(Dtype a, Dtype b) {
  WOOTZ_CHECK(is_mergeable(a) && is_mergeable(b));
  if (a == b) return a;
  if (a == Dtype::kF64 || b == Dtype::kF64) return Dtype::kF64;
  return Dtype::kF32;  // also for F16 with BF16: neither holds the other
}

}  // namespace wootz
