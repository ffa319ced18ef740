// Small checkpoints for tests: tensors from doubles, written as transformers would, and read back.
// Everything here throws std::runtime_error when it cannot do its job.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "wootz/core/dtype.h"
#include "wootz/core/shape.h"

namespace wootz::testing {

/// A tensor in memory, as its stored bytes.
struct TestTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  Shape shape;
  std::string bytes;
};

/// The stored bytes of `values`, rounded to nearest even (saturated for integers).
std::string encode_values(Dtype dtype, std::span<const double> values);
/// The values of stored bytes; exact. F8 types are not supported.
std::vector<double> decode_values(Dtype dtype, std::string_view bytes);

/// A tensor of given values. Requires: as many values as the shape has elements.
TestTensor make_tensor(std::string name, Dtype dtype, Shape shape, const std::vector<double>& values);
/// A tensor of values drawn from N(0, scale^2), the same for the same seed and name.
TestTensor random_tensor(std::string name, Dtype dtype, Shape shape, std::uint64_t seed, double scale = 1.0);

/// Writes one .safetensors file; tensors are stored in the given order.
void write_safetensors(const std::string& path, std::span<const TestTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

/// Writes a Hugging Face directory (created when missing): config.json, and model.safetensors, or with `shards` > 1
/// that many shards, filled in the given order with equal numbers of tensors, and their index.
void write_checkpoint(const std::string& directory, const std::vector<TestTensor>& tensors, std::size_t shards = 1);

/// All tensors of a checkpoint directory or .safetensors file by name, read through wootz::Checkpoint.
std::map<std::string, TestTensor> read_checkpoint(const std::string& path);
/// The values of one of them.
std::vector<double> read_tensor(const std::string& path, const std::string& name);

}  // namespace wootz::testing
