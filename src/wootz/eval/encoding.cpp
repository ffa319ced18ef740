// How a model's directory asks for its input.
#include <algorithm>
#include <array>

#include "wootz/eval/evaluate.h"
#include "wootz/io/digest.h"

namespace wootz {
namespace {

// What preprocessing and tokenizers are read from.
constexpr std::array<const char*, 2> kImageFiles = {"preprocessor_config.json", "processor_config.json"};
constexpr std::array<const char*, 6> kTextFiles = {
    "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "vocab.txt", "special_tokens_map.json"};
constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 30;

Result<> check_output(const Preprocessing& preprocessing, const ModelInfo& model) {
  const auto size = preprocessing.output_size();
  if (!size || (size->width == model.image_size && size->height == model.image_size)) return {};
  return fail(ErrorKind::kIncompatible,
              "'{}': preprocessor_config.json makes images of {}x{} pixels, but the model takes {}x{} (config.json): "
              "correct 'size' and 'crop_size'",
              model.directory, size->width, size->height, model.image_size, model.image_size);
}

}  // namespace

std::size_t most_tokens(const ModelInfo& model, const Task& task) {
  if (model.input == InputKind::kImage) return model.image_tokens;
  return task.max_tokens == 0 ? model.max_tokens : std::min(task.max_tokens, model.max_tokens);
}

Result<std::unique_ptr<Encoder>> encoder_for(FileSystem& files, const ModelInfo& model, const Task& task,
                                             const std::optional<Corruption>& corruption,
                                             const Augmentation& augmentation) {
  if (model.input == InputKind::kImage) {
    WOOTZ_TRY(Preprocessing preprocessing, load_preprocessing(files, model.directory, model.image_size));
    WOOTZ_RETURN_IF_ERROR(check_output(preprocessing, model));
    return make_image_encoder(std::move(preprocessing), corruption, augmentation);
  }
  if (corruption)
    return fail(ErrorKind::kUsage, "task '{}' has texts, and corruptions are for images: choose tasks with --task",
                task.name);
  WOOTZ_TRY(std::shared_ptr<const Tokenizer> tokenizer, load_tokenizer(files, model.directory));
  return make_text_encoder(std::move(tokenizer), most_tokens(model, task));
}

Result<std::string> encoding_key(FileSystem& files, const ModelInfo& model, const Task& task) {
  std::string key = fmt::format("{} {} {}", model.architecture, model.image_size, most_tokens(model, task));
  const bool image = model.input == InputKind::kImage;
  for (const char* name : image ? std::span<const char* const>(kImageFiles) : kTextFiles) {
    const std::string path = join_path(model.directory, name);
    if (!files.exists(path)) continue;
    WOOTZ_TRY(const std::string content, read_text(files, path, kMaxFile));
    key += fmt::format(" {} {}", name, bytes_digest(std::as_bytes(std::span(content))));
  }
  return key;
}

Result<std::string> task_key(FileSystem& files, const ModelInfo& model, const OpenTask& task) {
  WOOTZ_TRY(const std::string encoding, encoding_key(files, model, task.task));
  std::string head;
  if (!task.task.head.empty()) {
    WOOTZ_TRY(const std::string content, read_text(files, task.task.head, kMaxFile));
    head = bytes_digest(std::as_bytes(std::span(content)));
  }
  std::vector<int> labels(task.data->size());
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = task.data->label(i);
  return fmt::format("{} {} {}", head, encoding, bytes_digest(std::as_bytes(std::span(labels))));
}

}  // namespace wootz
