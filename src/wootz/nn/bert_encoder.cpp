#include "wootz/nn/bert_encoder.h"

#include "wootz/nn/torch_headers.h"

namespace wootz {

Result<BertConfig> BertConfig::read(const ModelConfig& config) {
  BertConfig read;
  WOOTZ_TRY(read.width, config.size("hidden_size"));
  WOOTZ_TRY(read.intermediate, config.size("intermediate_size"));
  WOOTZ_TRY(read.layers, config.size("num_hidden_layers", {}, kMostLayers));
  WOOTZ_TRY(read.heads, config.size("num_attention_heads"));
  WOOTZ_TRY(read.vocabulary, config.size("vocab_size"));
  WOOTZ_TRY(read.positions, config.size("max_position_embeddings"));
  WOOTZ_TRY(read.types, config.size("type_vocab_size", 2));
  WOOTZ_TRY(read.epsilon, config.number("layer_norm_eps", 1e-12));
  if (const std::string activation = config.text("hidden_act", "gelu"); activation != "gelu")
    return fail(ErrorKind::kInput, "{}: 'hidden_act' is '{}'; for this architecture Wootz runs gelu", config.file(),
                activation);
  if (const std::string kind = config.text("position_embedding_type", "absolute"); kind != "absolute")
    return fail(ErrorKind::kInput, "{}: 'position_embedding_type' is '{}'; Wootz runs absolute", config.file(), kind);
  if (read.width % read.heads != 0)
    return fail(ErrorKind::kInput, "{}: 'hidden_size' {} cannot be split among {} heads", config.file(), read.width,
                read.heads);
  return read;
}

BertEncoder::BertEncoder(const BertConfig& config, const std::string& prefix, std::int64_t first_position,
                         ParameterBuilder& builder)
    : config_(config), prefix_(prefix), first_position_(first_position) {
  const std::int64_t d = config.width;
  words_ = builder.add(prefix + "embeddings.word_embeddings.weight", {config.vocabulary, d});
  positions_ = builder.add(prefix + "embeddings.position_embeddings.weight", {config.positions, d});
  types_ = builder.add(prefix + "embeddings.token_type_embeddings.weight", {config.types, d});
  norm_ = builder.norm(prefix + "embeddings.LayerNorm", d);
}

void BertEncoder::add_block(ParameterBuilder& builder) {
  const std::int64_t d = config_.width;
  const std::string at = prefix_ + "encoder.layer." + std::to_string(blocks_.size()) + ".";
  Block block;
  const LinearParameters query = builder.linear(at + "attention.self.query", d, d);
  const LinearParameters key = builder.key(at + "attention.self.key", d, d);
  const LinearParameters value = builder.linear(at + "attention.self.value", d, d);
  const LinearParameters out = builder.linear(at + "attention.output.dense", d, d);
  block.attention = builder.module(at + "attention", ModuleKind::kAttention, d, {query, key, value, out});
  block.norm1 = builder.norm(at + "attention.output.LayerNorm", d);
  const LinearParameters first = builder.linear(at + "intermediate.dense", config_.intermediate, d);
  const LinearParameters second = builder.linear(at + "output.dense", d, config_.intermediate);
  block.mlp = builder.module(at + "mlp", ModuleKind::kMlp, d, {first, second});
  block.norm2 = builder.norm(at + "output.LayerNorm", d);
  blocks_.push_back(block);
}

std::size_t BertEncoder::kept_values() const {
  // Two sums, two normed states, queries, keys and values, what was attended to; both sides of the activation.
  return static_cast<std::size_t>(8 * config_.width + 2 * config_.intermediate);
}

at::Tensor BertEncoder::embed(const NetworkWeights& weights, const NetworkInput& input) const {
  const at::Tensor positions = weights[positions_].slice(0, first_position_, first_position_ + input.tokens.size(1));
  const at::Tensor embedded = at::embedding(weights[words_], input.tokens) + (positions + weights[types_].select(0, 0));
  return ops::add_layer_norm(embedded, {}, {}, weights[norm_.weight], weights[norm_.offset], config_.epsilon,
                             embedded.scalar_type())
      .y;
}

at::Tensor BertEncoder::run(std::size_t block, const NetworkWeights& weights, const NetworkInput& input,
                            const at::Tensor& states) const {
  ops::AttentionOptions attention;
  attention.heads = config_.heads;
  attention.lengths = input.lengths;
  return this->block(weights, blocks_[block], states, attention);
}

at::Tensor BertEncoder::block(const NetworkWeights& weights, const Block& block, const at::Tensor& stream,
                              const ops::AttentionOptions& attention) const {
  const at::ScalarType type = matrix_type(weights, block.attention);
  const auto take_in = [&](const at::Tensor& x, const ModuleMaps::Mapped& branch, const NormParameters& norm) {
    return ops::add_layer_norm(x, branch.y, branch.bias, weights[norm.weight], weights[norm.offset], config_.epsilon,
                               x.scalar_type())
        .y;
  };
  const at::Tensor in = stream.to(type);
  const ModuleMaps attention_maps(weights, block.attention, in, attention.lengths);
  const at::Tensor qkv = attention_maps.joint(in, {kQuery, kKey, kValue});
  const at::Tensor mid =
      take_in(stream, attention_maps.mapped(ops::self_attention(qkv, attention), kOutput), block.norm1);
  const at::Tensor mid_in = mid.to(type);
  const ModuleMaps mlp_maps(weights, block.mlp, mid_in, attention.lengths);
  const auto [hidden, bias] = mlp_maps.mapped(mid_in, kFirst);
  return take_in(mid, mlp_maps.mapped(ops::gelu(hidden, bias), kSecond), block.norm2);
}

namespace {

class BertNetwork : public Network {
 public:
  BertNetwork(const BertConfig& config, const BertVariant& variant, std::int64_t classes) {
    ParameterBuilder builder(parameters_, modules_);
    encoder_.emplace(config, variant.prefix, variant.first_position, builder);
    const auto width = static_cast<std::size_t>(config.width);
    add_stage("embeddings", 2 * width, width);
    for (std::size_t i = 0; i < encoder_->blocks(); ++i) {
      encoder_->add_block(builder);
      add_stage("layer." + std::to_string(i), encoder_->kept_values(), width);
    }
    if (classes > 0) {
      dense_ = builder.linear(variant.dense, config.width, config.width);
      classifier_ = builder.linear(variant.classifier, classes, config.width);
    }
    add_stage("output", 0, 0);
    info_.architecture = variant.architecture;
    info_.input = InputKind::kText;
    info_.max_tokens = static_cast<std::size_t>(config.positions - variant.first_position);
    info_.feature_size = static_cast<std::size_t>(config.width);
    info_.classes = static_cast<std::size_t>(classes);
  }

  StageState run_stage(std::size_t stage, const NetworkWeights& weights, const NetworkInput& input,
                       const StageState& state, NetworkOutput output) const override {
    if (stage == 0) return {encoder_->embed(weights, input)};
    if (stage <= encoder_->blocks()) return {encoder_->run(stage - 1, weights, input, state[0])};
    if (output == NetworkOutput::kFeatures) return {ops::mean_over_tokens(state[0], input.lengths)};
    const at::Tensor first = state[0].select(1, 0);
    return {apply(weights, classifier_, apply(weights, dense_, first).tanh())};
  }

 private:
  static at::Tensor apply(const NetworkWeights& weights, const LinearParameters& map, const at::Tensor& x) {
    return at::linear(x, weights[map.weight].to(x.scalar_type()), weights[map.bias]);
  }

  std::optional<BertEncoder> encoder_;
  LinearParameters dense_, classifier_;
};

}  // namespace

std::int64_t bert_classes(const ModelConfig& config) {
  const auto labels = static_cast<std::int64_t>(config.entries("id2label"));
  return labels != 0 ? labels : config.size("num_labels", 2).value_or(2);
}

std::unique_ptr<Network> make_bert_network(const BertConfig& config, const BertVariant& variant, std::int64_t classes) {
  return std::make_unique<BertNetwork>(config, variant, classes);
}

}  // namespace wootz
