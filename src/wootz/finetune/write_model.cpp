#include "wootz/finetune/write_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wootz/engine/output/side_files.h"
#include "wootz/io/write_safetensors.h"
#include "wootz/nn/stored_tensors.h"
#include "wootz/nn/torch_headers.h"
#include "wootz/nn/write_checkpoint.h"

namespace wootz {
namespace {

constexpr const char* kRecipeName = "wootz-finetune.yml";
constexpr const char* kLogName = "wootz-finetune.jsonl";

}  // namespace

Result<> write_model(FileSystem& files, const Checkpoint& base, const Trainable& trainable,
                     const FinetuneRecipe& recipe, const std::string& directory) {
  const auto trained = [&](const std::string& name) -> at::Tensor {
    const auto found = std::find(trainable.names().begin(), trainable.names().end(), name);
    if (found == trainable.names().end()) return {};
    return trainable.values()[static_cast<std::size_t>(found - trainable.names().begin())];
  };
  WOOTZ_RETURN_IF_ERROR(write_changed_checkpoint(files, base, trained, directory));
  WOOTZ_RETURN_IF_ERROR(copy_companions(files, base.directory(), directory));
  return write_text_atomically(files, join_path(directory, kRecipeName), recipe.text);
}

Result<> write_adapter(FileSystem& files, const Checkpoint& base, const Trainable& trainable,
                       const FinetuneRecipe& recipe, const std::string& directory) {
  ParameterList kept;
  std::vector<StoredTensor> tensors;
  for (std::size_t i = 0; i < trainable.names().size(); ++i) {
    kept.push_back(trainable.values()[i].detach().cpu().contiguous());
    tensors.push_back(stored_tensor(trainable.names()[i], kept.back()));
  }
  WOOTZ_RETURN_IF_ERROR(
      write_safetensors(files, join_path(directory, "adapter_model.safetensors"), tensors, {{"format", "pt"}}));
  const nlohmann::ordered_json config = {{"peft_type", "LORA"},
                                         {"task_type", nullptr},
                                         {"base_model_name_or_path", base.directory()},
                                         {"r", recipe.lora->rank},
                                         {"lora_alpha", recipe.lora->alpha},
                                         {"lora_dropout", 0.0},
                                         {"target_modules", recipe.lora->targets},
                                         {"bias", "none"},
                                         {"fan_in_fan_out", false},
                                         {"inference_mode", true}};
  WOOTZ_RETURN_IF_ERROR(
      write_text_atomically(files, join_path(directory, "adapter_config.json"), config.dump(2) + "\n"));
  return write_text_atomically(files, join_path(directory, kRecipeName), recipe.text);
}

Result<> write_log(FileSystem& files, const std::vector<double>& losses, const FinetuneRecipe& recipe,
                   const std::string& directory) {
  std::string text;
  for (std::size_t i = 0; i < losses.size(); ++i)
    text +=
        nlohmann::ordered_json{
            {"step", i + 1}, {"loss", losses[i]}, {"learning_rate", learning_rate_at(recipe, i, losses.size())}}
            .dump() +
        "\n";
  return write_text_atomically(files, join_path(directory, kLogName), text);
}

}  // namespace wootz
