// A family of tiny image towers, and tasks whose right answers one known merge gives.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "support/checkpoint_builder.h"
#include "support/temp_dir.h"
#include "support/test_files.h"
#include "wootz/core/rng.h"
#include "wootz/engine/merge.h"
#include "wootz/engine/plan/open_and_plan.h"
#include "wootz/recipe/write_recipe.h"
#include "wootz/search/search.h"

namespace wootz::testing {

class SearchTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kItems = 120, kClasses = 3, kSide = 20;

  SearchTest() {
    write_model("base", 0);
    write_model("a", 1);
    write_model("b", 2);
    write_file(folder_ / "recipe.yml", recipe_text("task_arithmetic"));
    write_safetensors(folder_ / "head.safetensors",
                      std::vector{random_tensor("weight", Dtype::kF32, {kClasses, 12}, 5)}, {{"logit_scale", "5"}});
    write_images();
  }

  static std::string recipe_text(const std::string& method, const std::string& more = "",
                                 const std::string& weight = "0.9") {
    return "merge_method: " + method + "\nbase_model: base\nmodels:\n  - {model: a, parameters: {weight: " + weight +
           "}}\n  - {model: b, parameters: {weight: 0.4}}\n" + more;
  }

  Recipe recipe(const std::string& yaml) const {
    ParsedRecipe parsed = parse_recipe(yaml, folder_ / "recipe.yml", builtin_methods());
    if (parsed.diagnostics.has_errors()) throw std::runtime_error(parsed.diagnostics.to_error().message);
    return std::move(parsed.recipe);
  }

  std::string merge(const Recipe& recipe, const std::string& name) const {
    const MergePlan plan = value(open_and_plan(posix_file_system(), recipe));
    MergeOptions options;
    options.sync = false;
    options.overwrite = true;
    return value(run_merge(posix_file_system(), plan, folder_ / name, options)).complete ? folder_ / name : "";
  }

  /// Two tasks on the images, labelled as the merge of a recipe answers.
  std::vector<Task> tasks_answered_by(const std::string& yaml) {
    ModelOptions options;
    options.threads = 1;
    const Model model = value(Model::load(posix_file_system(), merge(recipe(yaml), "teacher"), options));
    std::vector<Task> tasks(2);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      Task& task = tasks[t];
      task.name = t == 0 ? "one" : "two";
      task.data.format = "idx";
      task.data.path = folder_ / task.name;
      task.head = folder_ / "head.safetensors";
      task.held_out.validation = 0.8;
      for (const char* split : {"train", "test"})
        write_file(task.data.path + "/" + split + "-images-idx3-ubyte", images_);
      write_labels(task, model);
    }
    return tasks;
  }

  Result<SearchResult> run(const std::string& yaml, const std::vector<Task>& tasks, SearchOptions options = {},
                           const std::string& out = "out.yml") const {
    options.model.threads = 1;
    return search(posix_file_system(), recipe(yaml), tasks, folder_ / out, options);
  }

  bool exists(const std::string& name) const { return posix_file_system().exists(folder_ / name); }

  template <typename T>
  static T value(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return *std::move(result);
  }
  /// All images as the network takes them.
  Batch batch() const {
    Batch all;
    all.size = kItems;
    all.height = all.width = kSide;
    for (std::size_t i = 0; i < kItems * 3 * kSide * kSide; ++i)
      all.pixels.push_back(static_cast<float>(random_bits(rng_key(3, "pixels", 0), i)) * 0x1p-30F - 2.0F);
    return all;
  }

  TempDir folder_;

 private:
  void write_model(const std::string& name, std::uint64_t seed) const {
    std::vector<TestTensor> tensors;
    const std::string source = std::string(WOOTZ_NN_MODELS) + "/clip_vision";
    for (const auto& [tensor_name, tensor] : read_checkpoint(source)) {
      std::vector<double> values = decode_values(tensor.dtype, tensor.bytes);
      if (tensor.dtype == Dtype::kF32 && seed != 0) {
        const TestTensor change = random_tensor(tensor_name, Dtype::kF32, tensor.shape, seed, 0.3);
        const std::vector<double> changes = decode_values(change.dtype, change.bytes);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] += changes[i];
      }
      tensors.push_back(make_tensor(tensor_name, tensor.dtype, tensor.shape, values));
    }
    write_checkpoint(folder_ / name, tensors);
    write_file(folder_ / name + "/config.json", read_file(source + "/config.json"));
  }

  static std::string header(char dimensions, std::initializer_list<std::size_t> sizes) {
    std::string bytes = {0, 0, 8, dimensions};
    for (const std::size_t size : sizes)
      for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
    return bytes;
  }

  void write_images() {
    images_ = header(3, {kItems, kSide, kSide});
    constexpr std::size_t kPatch = 50;  // pixels in a row of about one brightness
    const RngKey key = rng_key(1, "images", 0);
    for (std::size_t i = 0; i < kItems * kSide * kSide; ++i)
      images_ += static_cast<char>(random_bits(key, i / kPatch) % 192 + random_bits(key, i) % 64);
  }

  void write_labels(const Task& task, const Model& model) const {
    for (const char* split : {"train", "test"})
      write_file(task.data.path + "/" + split + "-labels-idx1-ubyte", header(1, {kItems}) + std::string(kItems, '\0'));
    const OpenTask open = value(open_task_for(posix_file_system(), task, model.info(), "train"));
    const Evaluation answers = value(evaluate(posix_file_system(), model, open, {}, {}));
    std::string labels = header(1, {kItems});
    for (std::size_t i = 0; i < kItems; ++i) {
      const float* logits = answers.logits.data() + i * kClasses;
      labels += static_cast<char>(std::max_element(logits, logits + kClasses) - logits);
    }
    for (const char* split : {"train", "test"}) write_file(task.data.path + "/" + split + "-labels-idx1-ubyte", labels);
  }

  std::string images_;
};

}  // namespace wootz::testing
