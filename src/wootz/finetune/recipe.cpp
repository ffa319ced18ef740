#include "wootz/finetune/recipe.h"

#include <cmath>
#include <numbers>

#include "wootz/io/checkpoint.h"
#include "wootz/yaml/mapping_reader.h"

namespace wootz {
namespace {

constexpr std::uint64_t kMost = 1'000'000'000;

void read_lora(const YamlNode& node, FinetuneRecipe& recipe, Reporter& report) {
  LoraSettings lora;
  MappingReader reader(node, "'lora'", report);
  set_if_given(lora.rank, reader.integer("rank", 1, 65536));
  set_if_given(lora.alpha, reader.number("alpha", 0));
  set_if_given(lora.targets, reader.texts("target_modules"));
  reader.finish();
  recipe.lora = std::move(lora);
}

void read_augmentation(const YamlNode& node, FinetuneRecipe& recipe, Reporter& report) {
  MappingReader reader(node, "'augment'", report);
  set_if_given(recipe.augmentation.shift, reader.integer("shift", 0, 4096));
  set_if_given(recipe.augmentation.flip, reader.flag("flip"));
  set_if_given(recipe.augmentation.flip_vertical, reader.flag("flip_vertical"));
  reader.finish();
}

void read_training(const YamlNode& node, FinetuneRecipe& recipe, Reporter& report) {
  MappingReader reader(node, "'train'", report);
  set_if_given(recipe.split, reader.text("split"));
  set_if_given(recipe.epochs, reader.integer("epochs", 1, kMost));
  set_if_given(recipe.steps, reader.integer("steps", 1, kMost));
  set_if_given(recipe.batch_size, reader.integer("batch_size", 1, 1'000'000));
  set_if_given(recipe.learning_rate, reader.number("learning_rate", 0));
  set_if_given(recipe.warmup_steps, reader.integer("warmup_steps", 0, kMost));
  set_if_given(recipe.schedule, reader.choice("schedule", {"cosine", "constant"}));
  set_if_given(recipe.weight_decay, reader.number("weight_decay", 0));
  set_if_given(recipe.label_smoothing, reader.number("label_smoothing", 0, 1));
  set_if_given(recipe.max_gradient_norm, reader.number("max_gradient_norm", 0));
  set_if_given(recipe.precision, reader.choice("precision", {"float32", "bfloat16"}));
  set_if_given(recipe.seed, reader.integer("seed"));
  set_if_given(recipe.checkpoint_steps, reader.integer("checkpoint_steps", 0, kMost));
  if (const YamlNode* augment = reader.node("augment")) read_augmentation(*augment, recipe, report);
  reader.finish();
}

void read_method(MappingReader& reader, FinetuneRecipe& recipe, Reporter& report) {
  const std::size_t method = reader.choice("method", {"full", "lora"}).value_or(0);
  const YamlNode* lora = reader.node("lora");
  if (method == 0 && lora != nullptr)
    report.error(reader.place("lora"), "'lora' is for 'method: lora', but the method is full fine-tuning");
  else if (lora != nullptr)
    read_lora(*lora, recipe, report);
  else if (method == 1)
    recipe.lora.emplace();
}

void read_recipe(const YamlNode& root, FinetuneRecipe& recipe, Reporter& report) {
  MappingReader reader(root, "a fine-tuning recipe", report);
  recipe.base_model = reader.required_text("base_model");
  recipe.tasks = reader.required_text("tasks");
  set_if_given(recipe.task, reader.text("task"));
  read_method(reader, recipe, report);
  set_if_given(recipe.freeze, reader.texts("freeze"));
  if (const YamlNode* train = reader.node("train")) read_training(*train, recipe, report);
  reader.finish();
}

}  // namespace

Result<FinetuneRecipe> load_finetune_recipe(FileSystem& files, const std::string& path) {
  constexpr std::uint64_t kLargest = 16'000'000;
  FinetuneRecipe recipe;
  recipe.file = path;
  WOOTZ_TRY(recipe.text, read_text(files, path, kLargest));
  Diagnostics diagnostics;
  Reporter report(path, diagnostics);
  if (const auto tree =
          read_mapping(recipe.text, "the fine-tuning recipe", "it needs 'base_model' and 'tasks'", report))
    read_recipe(*tree->root, recipe, report);
  if (diagnostics.has_errors()) return tl::unexpected(diagnostics.to_error());
  recipe.tasks = join_path(parent_path(path), recipe.tasks);
  WOOTZ_TRY(recipe.base_model, locate_model(files, recipe.base_model, parent_path(path)));
  return recipe;
}

double learning_rate_at(const FinetuneRecipe& recipe, std::size_t step, std::size_t total) {
  if (step < recipe.warmup_steps)
    return recipe.learning_rate * static_cast<double>(step + 1) / static_cast<double>(recipe.warmup_steps);
  if (recipe.schedule == FinetuneRecipe::Schedule::kConstant || total <= recipe.warmup_steps)
    return recipe.learning_rate;
  const double done =
      static_cast<double>(step - recipe.warmup_steps) / static_cast<double>(total - recipe.warmup_steps);
  return recipe.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace wootz
