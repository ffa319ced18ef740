// The image tower of CLIP (Radford et al., 2021; arXiv 2103.00020) in Hugging Face's names: CLIPVisionModel,
// CLIPVisionModelWithProjection, or the image half of a CLIPModel.
#include "wootz/nn/architecture.h"
#include "wootz/nn/clip_encoder.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

struct VisionConfig {
  ClipEncoderConfig encoder;
  std::int64_t image = 0;       ///< pixels of a side
  std::int64_t patch = 0;       ///< pixels of a side
  std::int64_t projection = 0;  ///< features; 0: none

  std::int64_t grid() const { return image / patch; }
};

Result<VisionConfig> read_config(const ModelConfig& config, const TensorNames& names) {
  VisionConfig read;
  const ModelConfig vision = config.section("vision_config").value_or(config);
  WOOTZ_TRY(read.encoder, ClipEncoderConfig::read(vision));
  WOOTZ_TRY(read.image, vision.size("image_size"));
  WOOTZ_TRY(read.patch, vision.size("patch_size"));
  if (vision.size("num_channels", 3).value_or(0) != 3)
    return fail(ErrorKind::kInput, "{}: 'num_channels' must be 3", config.file());
  if (read.image < read.patch)
    return fail(ErrorKind::kInput, "{}: 'image_size' {} is smaller than 'patch_size' {}", config.file(), read.image,
                read.patch);
  if (names.contains("visual_projection.weight")) {
    WOOTZ_TRY(read.projection, config.size("projection_dim", vision.size("projection_dim", 512).value_or(512)));
  }
  return read;
}

class ClipVision : public Network {
 public:
  ClipVision(const VisionConfig& config, const std::string& prefix) : config_(config) {
    const std::int64_t d = config.encoder.width;
    ParameterBuilder builder(parameters_, modules_);
    class_embedding_ = builder.add(prefix + "embeddings.class_embedding", {d});
    patch_embedding_ = builder.add(prefix + "embeddings.patch_embedding.weight", {d, 3, config.patch, config.patch});
    parameters_.back().matrix = true;
    position_embedding_ =
        builder.add(prefix + "embeddings.position_embedding.weight", {config.grid() * config.grid() + 1, d});
    first_norm_ = builder.norm(prefix + "pre_layrnorm", d);
    add_stage("embeddings", static_cast<std::size_t>(3 * config.patch * config.patch + 3 * d),
              static_cast<std::size_t>(d));
    encoder_.emplace(config.encoder, prefix + "encoder.");
    for (std::size_t i = 0; i < encoder_->blocks(); ++i) {
      encoder_->add_block(builder);
      add_stage("layers." + std::to_string(i), encoder_->kept_values(), static_cast<std::size_t>(2 * d));
    }
    last_norm_ = builder.norm(prefix + "post_layernorm", d);
    if (config.projection > 0) projection_ = builder.add("visual_projection.weight", {config.projection, d});
    add_stage("output", 0, 0);
    info_.architecture = "clip_vision";
    info_.input = InputKind::kImage;
    info_.image_size = static_cast<int>(config.image);
    info_.image_tokens = static_cast<std::size_t>(config.grid() * config.grid() + 1);
    info_.feature_size = static_cast<std::size_t>(config.projection > 0 ? config.projection : d);
  }

  StageState run_stage(std::size_t stage, const NetworkWeights& weights, const NetworkInput& input,
                       const StageState& state, NetworkOutput /*output*/) const override {
    if (stage == 0)
      return {ops::add_layer_norm(embed(weights, input.pixels), {}, {}, weights[first_norm_.weight],
                                  weights[first_norm_.offset], config_.encoder.epsilon, stream_type(weights))
                  .y};
    if (stage <= encoder_->blocks()) {
      ops::AttentionOptions attention;
      attention.heads = config_.encoder.heads;
      return encoder_->run(stage - 1, weights, state, attention, {}, {});
    }
    const at::Tensor pooled = encoder_->normed(weights, state, last_norm_);
    return {projection_ ? at::linear(pooled, weights[*projection_]) : pooled};
  }

 private:
  at::ScalarType stream_type(const NetworkWeights& weights) const { return weights[position_embedding_].scalar_type(); }

  // [B, 3, H, W] -> [B, 1 + patches, D]: a product of flattened patches, the class token, positions.
  at::Tensor embed(const NetworkWeights& weights, const at::Tensor& pixels) const {
    const at::Tensor& weight = weights[patch_embedding_];
    const std::int64_t batch = pixels.size(0), grid = config_.grid(), patch = config_.patch;
    const at::Tensor inside = pixels.slice(2, 0, grid * patch).slice(3, 0, grid * patch);
    const at::Tensor patches = inside.to(weight.scalar_type())
                                   .reshape({batch, 3, grid, patch, grid, patch})
                                   .permute({0, 2, 4, 1, 3, 5})
                                   .reshape({batch, grid * grid, 3 * patch * patch});
    const at::ScalarType type = stream_type(weights);
    const at::Tensor embedded = at::linear(patches, weight.flatten(1)).to(type);
    const at::Tensor first = weights[class_embedding_].expand({batch, 1, -1});
    return at::cat({first, embedded}, 1) + weights[position_embedding_];
  }

  VisionConfig config_;
  ParameterIndex class_embedding_ = 0, patch_embedding_ = 0, position_embedding_ = 0;
  NormParameters first_norm_, last_norm_;
  std::optional<ClipEncoder> encoder_;
  std::optional<ParameterIndex> projection_;
};

Result<std::unique_ptr<Network>> make_clip_vision(const ModelConfig& config, const TensorNames& names) {
  WOOTZ_TRY(const VisionConfig read, read_config(config, names));
  // transformers 5 drops the prefix where the model is nothing but the tower.
  const bool prefixed = !names.contains("embeddings.class_embedding");
  return std::make_unique<ClipVision>(read, prefixed ? "vision_model." : "");
}

}  // namespace

void register_clip_vision(ArchitectureTable& table) {
  table.push_back({"clip_vision", {"clip_vision_model", "clip"}, make_clip_vision});
}

}  // namespace wootz
