// A network with its parameters, ready to run: what evaluation and search see. Knows no torch types; finetune and
// whatever else needs gradients uses nn/network.h.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/core/shape.h"
#include "wootz/data/batch.h"
#include "wootz/io/file.h"
#include "wootz/nn/head.h"

namespace wootz {

enum class Precision { kFloat32, kBFloat16 };

struct ModelOptions {
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:1"
  Precision precision = Precision::kFloat32;
  std::size_t threads = 0;  ///< of the process's network; 0: one a processor
  /// Which part of a checkpoint to run where it holds several: "clip_text" of a full CLIP. "": what config.json says,
  /// the image tower of a full CLIP.
  std::string architecture;
};

/// What a checkpoint's config.json and tensors say about it.
struct ModelInfo {
  std::string architecture;  ///< "clip_vision", "clip_text", "bert", "roberta"
  InputKind input = InputKind::kImage;
  int image_size = 0;            ///< pixels, of the square input; 0 for texts
  std::size_t max_tokens = 0;    ///< of a text, special tokens included; 0 for images
  std::size_t image_tokens = 0;  ///< of an image, the class token included; 0 for texts
  std::size_t feature_size = 0;  ///< D
  std::size_t classes = 0;       ///< of a classifier inside the checkpoint; 0: none, a head is needed
  std::string directory;         ///< where config.json lies, and tokenizer or preprocessor files
};

/// What is routed in a model: merged anew for every input.
struct RoutingInfo {
  std::vector<std::string> experts;  ///< K names
  std::vector<std::string> modules;  ///< in the order they run
  bool sees_input = true;            ///< otherwise the routers are constants
};

/// Movable. Not thread-safe.
class Model {
 public:
  /// Loads a Hugging Face directory. Fails (kInput) on an architecture Wootz does not know, a tensor that is missing or
  /// of the wrong shape; (kUsage) on a device that is not there, saying what is.
  static Result<Model> load(FileSystem& files, const std::string& path, const ModelOptions& options);
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const ModelInfo& info() const;

  /// The features of a batch, [B, D]: image_embeds, text_embeds, or mean-pooled token states; not normalized.
  /// Fails (kIncompatible) when the batch is of another kind or image size.
  Result<std::vector<float>> features(const Batch& batch) const;

  /// [B, C]. With a head: its logits on the features. Without: those of the checkpoint's own classifier.
  Result<std::vector<float>> logits(const Batch& batch, const Head* head) const;

  /// Nothing where every module is plain.
  const std::optional<RoutingInfo>& routing() const;
  /// The routers' coefficients for a batch, [B, modules, K]. Requires: routing().
  Result<std::vector<float>> coefficients(const Batch& batch) const;

  /// One parameter by its name in the checkpoint.
  struct Parameter {
    std::string name;
    Shape shape;
  };
  /// In the order of the architecture's modules (the order layer-wise coefficients were published in).
  const std::vector<Parameter>& parameters() const;
  /// Replaces a parameter's values. Requires: `name` is one of parameters(), as many values as its shape says.
  void assign(std::string_view name, std::span<const float> values);

 private:
  struct Implementation;
  explicit Model(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// Fails (kIncompatible) when a batch is of another kind, image size or length than the model takes.
Result<> check_batch(const ModelInfo& model, const Batch& batch);

}  // namespace wootz
