// Two experts of a tiny tower, with a task each: images that are told apart by their brightness.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>

#include "support/brightness_images.h"
#include "support/checkpoint_builder.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/adapt/adapt.h"
#include "wootz/core/rng.h"
#include "wootz/nn/process_group.h"

namespace wootz::testing {

class AdaptFixture : public ::testing::Test {
 protected:
  static constexpr std::size_t kItems = 48, kClasses = 3, kSide = 20;

  void SetUp() override {
    base_ = read_checkpoint(model_path("clip_vision"));
    for (const std::uint64_t task : {std::uint64_t{1}, std::uint64_t{2}}) {
      write_brightness_images(folder_ / ("data" + std::to_string(task)), {kItems, kClasses, kSide, task});
      write_expert("expert" + std::to_string(task), task);
      const std::string name = folder_ / ("head" + std::to_string(task) + ".safetensors");
      write_safetensors(name, std::vector{random_tensor("weight", Dtype::kF32, {kClasses, 12}, 5 + task)},
                        {{"logit_scale", "8"}});
    }
    write_file(folder_ / "tasks.yml",
               "tasks:\n"
               "  - {name: one, data: {format: idx, path: data1, split: train}, head: head1.safetensors}\n"
               "  - {name: two, data: {format: idx, path: data2, split: train}, head: head2.safetensors}\n");
  }

  // `parameters` and `adapt` are what stands inside the braces.
  std::string recipe_text(const std::string& parameters, const std::string& adapt, const std::string& more = "") {
    return "merge_method: " + method_ + "\nbase_model: " + model_path("clip_vision") + "\n" + more +
           "models:\n  - {model: expert1, task: one}\n  - {model: expert2, task: two}\nparameters: {" + parameters +
           "}\nadapt: {tasks: tasks.yml, " + adapt + "}\n";
  }

  MergePlan plan(const std::string& text) {
    ParsedRecipe parsed = parse_recipe(text, folder_ / "recipe.yml", builtin_methods());
    if (parsed.diagnostics.has_errors()) throw std::runtime_error(parsed.diagnostics.to_error().message);
    OpenedSources opened = open_sources(files_, parsed.recipe);
    PlannedMerge planned = plan_merge(std::move(parsed.recipe), std::move(opened), {});
    if (planned.diagnostics.has_errors()) throw std::runtime_error(planned.diagnostics.to_error().message);
    return std::move(planned.plan);
  }

  Result<AdaptReport> run(const std::string& text, const std::string& out, const AdaptOptions& options = {}) {
    const auto group = ProcessGroup::from_environment();
    if (!group) throw std::runtime_error(group.error().message);
    return adapt(files_, plan(text), folder_ / out, options, **group);
  }

  static std::string model_path(const std::string& name) { return join_path(WOOTZ_NN_MODELS, name); }
  std::string read(const std::string& name) { return read_file(folder_ / name); }

  FileSystem& files_ = posix_file_system();
  TempDir folder_;
  std::map<std::string, TestTensor> base_;
  std::string method_ = "adamerging";

 private:
  // The base and noise, in the three dtypes that checkpoints have.
  void write_expert(const std::string& name, std::uint64_t seed) {
    std::vector<TestTensor> tensors;
    for (const auto& [tensor, stored] : base_) {
      std::vector<double> values = decode_values(stored.dtype, stored.bytes);
      const TestTensor noise = random_tensor(tensor, Dtype::kF64, stored.shape, seed, 0.1);
      const std::vector<double> change = decode_values(Dtype::kF64, noise.bytes);
      if (tensor != "visual_projection.weight")
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += change[i];
      const bool half = seed == 2 && tensor.ends_with("fc1.weight");
      tensors.push_back(make_tensor(tensor, half ? Dtype::kBF16 : Dtype::kF32, stored.shape, values));
    }
    write_checkpoint(folder_ / name, tensors);
    write_file(folder_ / (name + "/config.json"), read_file(model_path("clip_vision") + "/config.json"));
    const std::string preprocessing = model_path("clip_vision") + "/preprocessor_config.json";
    if (files_.exists(preprocessing))
      write_file(folder_ / (name + "/preprocessor_config.json"), read_file(preprocessing));
  }
};

}  // namespace wootz::testing
