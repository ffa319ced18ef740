// What the engine's tests share: a small family of models on disk, and one call to merge them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/checkpoint_builder.h"
#include "support/temp_dir.h"
#include "wootz/engine/merge.h"
#include "wootz/engine/plan/coefficient_file.h"

namespace wootz::testing {

/// base, a, b, c under one folder: matrices, a vector, a scalar, an integer buffer, a tensor of several pieces.
class MergeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    write("base", 0, 2);
    write("a", 1, 1);
    write("b", 2, 3);
    write("c", 3, 1);
  }

  std::vector<TestTensor> family_tensors(std::uint64_t model, Dtype dtype) const {
    std::vector<TestTensor> tensors;
    const std::vector<std::pair<std::string, Shape>> shapes{{"embed.weight", {300, 64}},
                                                            {"layers.0.mlp.weight", {460, 300}},
                                                            {"layers.0.norm.bias", {64}},
                                                            {"layers.1.mlp.weight", {100, 30}},
                                                            {"layers.1.norm.bias", {64}},
                                                            {"scale", {}},
                                                            {"empty", {0, 8}},
                                                            {"head.weight", {10, 64}}};
    for (const auto& [name, shape] : shapes) {
      TestTensor base = random_tensor(name, Dtype::kF32, shape, 100);
      std::vector<double> values = decode_values(base.dtype, base.bytes);
      if (model != 0) {
        const TestTensor delta = random_tensor(name, Dtype::kF32, shape, 200 + model, 0.05);
        const std::vector<double> change = decode_values(delta.dtype, delta.bytes);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += change[i];
      }
      tensors.push_back(make_tensor(name, dtype, shape, values));
    }
    tensors.push_back(make_tensor("position_ids", Dtype::kI64, {5}, {0, 1, 2, 3, 4}));
    return tensors;
  }

  void write(const std::string& name, std::uint64_t model, std::size_t shards, Dtype dtype = Dtype::kF32) {
    replace(name, family_tensors(model, dtype), shards);
  }
  void replace(const std::string& name, const std::vector<TestTensor>& tensors, std::size_t shards = 1) {
    std::filesystem::remove_all(dir_ / name);
    write_checkpoint(dir_ / name, tensors, shards);
  }

  /// Options for tests: no waiting for the device.
  static MergeOptions unsynced() {
    MergeOptions options;
    options.sync = false;
    return options;
  }

  std::string recipe(const std::string& method, const std::string& extra = "",
                     const std::string& model_parameters = "{weight: 0.4}") const {
    std::string text = "merge_method: " + method + "\nbase_model: base\nmodels:\n";
    for (const char* model : {"a", "b", "c"})
      text += fmt::format("  - {{model: {}, parameters: {}}}\n", model, model_parameters);
    return text + extra;
  }

  /// The recipe of a text, with its coefficient table.
  ParsedRecipe parse(const std::string& text, FileSystem& files = posix_file_system()) {
    ParsedRecipe parsed = parse_recipe(text, dir_ / "recipe.yml", builtin_methods());
    if (!parsed.diagnostics.has_errors()) parsed.diagnostics.append(read_coefficients(files, parsed.recipe));
    return parsed;
  }

  PlannedMerge plan(const std::string& text, const PlanOptions& options = {}) {
    ParsedRecipe parsed = parse(text);
    PlannedMerge planned;
    if (parsed.diagnostics.has_errors()) {
      planned.diagnostics = std::move(parsed.diagnostics);
      return planned;
    }
    OpenedSources opened = open_sources(posix_file_system(), parsed.recipe);
    return plan_merge(std::move(parsed.recipe), std::move(opened), options);
  }

  Result<MergeReport> merge(const std::string& text, const std::string& output,
                            const MergeOptions& options = unsynced(), const PlanOptions& plan_options = {},
                            FileSystem& files = posix_file_system()) {
    ParsedRecipe parsed = parse(text, files);
    if (parsed.diagnostics.has_errors()) return tl::unexpected(parsed.diagnostics.to_error());
    OpenedSources opened = open_sources(files, parsed.recipe);
    PlannedMerge planned = plan_merge(std::move(parsed.recipe), std::move(opened), plan_options);
    if (planned.diagnostics.has_errors()) return tl::unexpected(planned.diagnostics.to_error());
    return run_merge(files, planned.plan, dir_ / output, options);
  }

  /// Names and contents of all files of a directory.
  std::map<std::string, std::string> contents(const std::string& name) const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ / name)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << stream.rdbuf();
      found[std::filesystem::relative(entry.path(), dir_ / name).string()] = text.str();
    }
    return found;
  }

  bool exists(const std::string& name) const { return std::filesystem::exists(dir_ / name); }

  TempDir dir_;
};

}  // namespace wootz::testing
