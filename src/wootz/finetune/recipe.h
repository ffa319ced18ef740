// A fine-tuning recipe as plain data; docs/fine_tuning.md describes the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/data/encoder.h"
#include "wootz/io/file.h"
#include "wootz/nn/model.h"

namespace wootz {

/// Low-rank adapters on some of the linear maps (Hu et al., 2021; arXiv 2106.09685): W + alpha / rank * B A.
struct LoraSettings {
  std::size_t rank = 16;
  double alpha = 32.0;
  std::vector<std::string> targets;  ///< last components of module names: "q_proj"; empty: the query and value maps
};

struct FinetuneRecipe {
  enum class Schedule { kCosine, kConstant };

  std::string file;
  std::string text;  ///< verbatim
  std::string base_model;
  std::string tasks;                 ///< path of the catalogue
  std::string task;                  ///< its name there; may be given on the command line instead
  std::optional<LoraSettings> lora;  ///< none: full fine-tuning
  /// Parameters whose name contains one of these stay as they are. By default CLIP's projections.
  std::vector<std::string> freeze = {"visual_projection", "text_projection", "logit_scale"};

  std::string split = "train";
  std::size_t epochs = 10;
  std::size_t steps = 0;  ///< 0: as many as the epochs have
  std::size_t batch_size = 32;
  double learning_rate = 1e-5;
  std::size_t warmup_steps = 0;
  Schedule schedule = Schedule::kCosine;
  double weight_decay = 0.01;
  double label_smoothing = 0.0;
  double max_gradient_norm = 0.0;  ///< 0: no clipping
  Augmentation augmentation;
  Precision precision = Precision::kFloat32;
  std::uint64_t seed = 0;
  std::size_t checkpoint_steps = 200;  ///< between saved states; 0: none
};

/// Reads and checks the file: all errors at once, with line and column. Paths are taken from the file's directory; a
/// base model may be a name in the local Hugging Face cache.
Result<FinetuneRecipe> load_finetune_recipe(FileSystem& files, const std::string& path);

/// The learning rate of a step (from 0) of `total`: linear warm-up, then the schedule down to 0.
double learning_rate_at(const FinetuneRecipe& recipe, std::size_t step, std::size_t total);

}  // namespace wootz
