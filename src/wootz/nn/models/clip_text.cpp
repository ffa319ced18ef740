// The text tower of CLIP in Hugging Face's names: CLIPTextModel, CLIPTextModelWithProjection, or the text half of a
// CLIPModel.
#include "wootz/nn/architecture.h"
#include "wootz/nn/clip_encoder.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

struct TextConfig {
  ClipEncoderConfig encoder;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;
  std::int64_t end_token = 0;  ///< the id of <|endoftext|>
  std::int64_t projection = 0;
};

Result<TextConfig> read_config(const ModelConfig& config, const TensorNames& names) {
  TextConfig read;
  const ModelConfig text = config.section("text_config").value_or(config);
  WOOTZ_TRY(read.encoder, ClipEncoderConfig::read(text));
  WOOTZ_TRY(read.vocabulary, text.size("vocab_size"));
  WOOTZ_TRY(read.positions, text.size("max_position_embeddings"));
  WOOTZ_TRY(read.end_token, text.size("eos_token_id", 2));
  if (names.contains("text_projection.weight")) {
    WOOTZ_TRY(read.projection, config.size("projection_dim", text.size("projection_dim", 512).value_or(512)));
  }
  return read;
}

class ClipText : public Network {
 public:
  ClipText(const TextConfig& config, const std::string& prefix) : config_(config) {
    const std::int64_t d = config.encoder.width;
    ParameterBuilder builder(parameters_, modules_);
    token_embedding_ = builder.add(prefix + "embeddings.token_embedding.weight", {config.vocabulary, d});
    position_embedding_ = builder.add(prefix + "embeddings.position_embedding.weight", {config.positions, d});
    add_stage("embeddings", static_cast<std::size_t>(d), static_cast<std::size_t>(d));
    encoder_.emplace(config.encoder, prefix + "encoder.");
    for (std::size_t i = 0; i < encoder_->blocks(); ++i) {
      encoder_->add_block(builder);
      add_stage("layers." + std::to_string(i), encoder_->kept_values(), static_cast<std::size_t>(2 * d));
    }
    last_norm_ = builder.norm(prefix + "final_layer_norm", d);
    if (config.projection > 0) projection_ = builder.add("text_projection.weight", {config.projection, d});
    add_stage("output", 0, 0);
    info_.architecture = "clip_text";
    info_.input = InputKind::kText;
    info_.max_tokens = static_cast<std::size_t>(config.positions);
    info_.feature_size = static_cast<std::size_t>(config.projection > 0 ? config.projection : d);
  }

  StageState run_stage(std::size_t stage, const NetworkWeights& weights, const NetworkInput& input,
                       const StageState& state, NetworkOutput /*output*/) const override {
    if (stage == 0)
      return {at::embedding(weights[token_embedding_], input.tokens) +
              weights[position_embedding_].slice(0, 0, input.tokens.size(1))};
    if (stage <= encoder_->blocks()) {
      ops::AttentionOptions attention;
      attention.heads = config_.encoder.heads;
      attention.causal = true;
      PooledToken token;
      if (stage == encoder_->blocks()) token.positions = ends(input.tokens);
      return encoder_->run(stage - 1, weights, state, attention, input.lengths, token);
    }
    const at::Tensor pooled = encoder_->normed(weights, state, last_norm_);
    return {projection_ ? at::linear(pooled, weights[*projection_]) : pooled};
  }

 private:
  // Where the text ends. Configurations from before the id was recorded say 2; there the largest id is the end.
  at::Tensor ends(const at::Tensor& tokens) const {
    constexpr std::int64_t kNotRecorded = 2;
    if (config_.end_token == kNotRecorded) return tokens.argmax(1);
    return tokens.eq(config_.end_token).to(at::kInt).argmax(1);
  }

  TextConfig config_;
  ParameterIndex token_embedding_ = 0, position_embedding_ = 0;
  NormParameters last_norm_;
  std::optional<ClipEncoder> encoder_;
  std::optional<ParameterIndex> projection_;
};

Result<std::unique_ptr<Network>> make_clip_text(const ModelConfig& config, const TensorNames& names) {
  WOOTZ_TRY(const TextConfig read, read_config(config, names));
  const bool prefixed = !names.contains("embeddings.token_embedding.weight");
  return std::make_unique<ClipText>(read, prefixed ? "text_model." : "");
}

}  // namespace

void register_clip_text(ArchitectureTable& table) {
  table.push_back({"clip_text", {"clip_text_model"}, make_clip_text});
}

}  // namespace wootz
