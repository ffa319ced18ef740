// Internal to finetune: the finished model or adapter as files. Torch types.
#pragma once

#include <string>

#include "wootz/finetune/trainable.h"
#include "wootz/io/checkpoint.h"

namespace wootz {

/// A Hugging Face directory: the base's tensors with the trained ones in their place, in their stored dtypes, the
/// base's other files, and the recipe.
Result<> write_model(FileSystem& files, const Checkpoint& base, const Trainable& trainable,
                     const FinetuneRecipe& recipe, const std::string& directory);

/// A PEFT adapter: adapter_model.safetensors and adapter_config.json, and the recipe.
Result<> write_adapter(FileSystem& files, const Checkpoint& base, const Trainable& trainable,
                       const FinetuneRecipe& recipe, const std::string& directory);

/// wootz-finetune.jsonl: {"step": 1, "loss": 2.3, "learning_rate": 1e-05} for every step.
Result<> write_log(FileSystem& files, const std::vector<double>& losses, const FinetuneRecipe& recipe,
                   const std::string& directory);

}  // namespace wootz
