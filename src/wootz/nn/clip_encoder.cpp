#include "wootz/nn/clip_encoder.h"

#include "wootz/nn/torch_headers.h"

namespace wootz {

Result<ClipEncoderConfig> ClipEncoderConfig::read(const ModelConfig& config) {
  ClipEncoderConfig read;
  WOOTZ_TRY(read.width, config.size("hidden_size"));
  WOOTZ_TRY(read.intermediate, config.size("intermediate_size"));
  WOOTZ_TRY(read.layers, config.size("num_hidden_layers", {}, kMostLayers));
  WOOTZ_TRY(read.heads, config.size("num_attention_heads"));
  WOOTZ_TRY(read.epsilon, config.number("layer_norm_eps", 1e-5));
  const std::string activation = config.text("hidden_act", "quick_gelu");
  read.quick_gelu = activation == "quick_gelu";
  if (!read.quick_gelu && activation != "gelu")
    return fail(ErrorKind::kInput, "{}: 'hidden_act' is '{}'; Wootz runs quick_gelu and gelu", config.file(),
                activation);
  if (read.width % read.heads != 0)
    return fail(ErrorKind::kInput, "{}: 'hidden_size' {} cannot be split among {} heads", config.file(), read.width,
                read.heads);
  return read;
}

at::Tensor PooledToken::rows(const at::Tensor& x) const {
  if (!positions.defined()) return x.select(1, 0);
  return x.index({at::arange(x.size(0), positions.options()), positions});
}

ClipEncoder::ClipEncoder(const ClipEncoderConfig& config, const std::string& prefix)
    : config_(config), prefix_(prefix) {}

void ClipEncoder::add_block(ParameterBuilder& builder) {
  const std::int64_t d = config_.width;
  const std::string at = prefix_ + "layers." + std::to_string(blocks_.size()) + ".";
  Block block;
  const LinearParameters key = builder.key(at + "self_attn.k_proj", d, d);
  const LinearParameters value = builder.linear(at + "self_attn.v_proj", d, d);
  const LinearParameters query = builder.linear(at + "self_attn.q_proj", d, d);
  const LinearParameters out = builder.linear(at + "self_attn.out_proj", d, d);
  block.attention = builder.module(at + "self_attn", ModuleKind::kAttention, d, {query, key, value, out});
  block.norm1 = builder.norm(at + "layer_norm1", d);
  const LinearParameters first = builder.linear(at + "mlp.fc1", config_.intermediate, d);
  const LinearParameters second = builder.linear(at + "mlp.fc2", d, config_.intermediate);
  block.mlp = builder.module(at + "mlp", ModuleKind::kMlp, d, {first, second});
  block.norm2 = builder.norm(at + "layer_norm2", d);
  blocks_.push_back(block);
}

std::size_t ClipEncoder::kept_values() const {
  // Two streams, two normed inputs, queries, keys and values, what was attended to; both sides of the activation.
  return static_cast<std::size_t>(8 * config_.width + 2 * config_.intermediate);
}

ClipEncoder::State ClipEncoder::State::of(const StageState& state) {
  if (state.size() == 1) return {state[0], {}, {}};
  return {state[0], state[1], state[2]};
}

StageState ClipEncoder::run(std::size_t block, const NetworkWeights& weights, const StageState& state,
                            const ops::AttentionOptions& attention, const at::Tensor& lengths,
                            const PooledToken& token) const {
  const State in = State::of(state);
  const Block& at = blocks_[block];
  const bool is_last = block + 1 == blocks_.size();
  // A router of the last MLP sees all tokens, so all of them attend.
  const State out = is_last && !is_routed(weights, at.mlp)
                        ? pooled_block(weights, at, in, attention, lengths, token)
                        : whole_block(weights, at, in, attention, lengths, is_last ? &token : nullptr);
  return {out.stream, out.branch, out.bias};
}

at::Tensor ClipEncoder::normed(const NetworkWeights& weights, const StageState& state,
                               const NormParameters& last_norm) const {
  return take_in(weights, State::of(state), last_norm, state[0].scalar_type()).y;
}

ops::Normed ClipEncoder::take_in(const NetworkWeights& weights, const State& state, const NormParameters& norm,
                                 at::ScalarType out) const {
  return ops::add_layer_norm(state.stream, state.branch, state.bias, weights[norm.weight], weights[norm.offset],
                             config_.epsilon, out);
}

ClipEncoder::State ClipEncoder::whole_block(const NetworkWeights& weights, const Block& block, const State& state,
                                            const ops::AttentionOptions& attention, const at::Tensor& lengths,
                                            const PooledToken* pooled) const {
  const at::ScalarType type = matrix_type(weights, block.attention);
  const ops::Normed in = take_in(weights, state, block.norm1, type);
  const ModuleMaps maps(weights, block.attention, in.y, lengths);
  const at::Tensor qkv = maps.joint(in.y, {kQuery, kKey, kValue});
  const auto [y, bias] = maps.mapped(ops::self_attention(qkv, attention), kOutput);
  const ops::Normed mid = take_in(weights, {in.stream, y, bias}, block.norm2, type);
  if (pooled == nullptr) return mlp(weights, block, mid, mid, lengths);
  return mlp(weights, block, mid, {pooled->rows(mid.stream), pooled->rows(mid.y)}, lengths);
}

ClipEncoder::State ClipEncoder::pooled_block(const NetworkWeights& weights, const Block& block, const State& state,
                                             const ops::AttentionOptions& attention, const at::Tensor& lengths,
                                             const PooledToken& token) const {
  const at::ScalarType type = matrix_type(weights, block.attention);
  const ops::Normed in = take_in(weights, state, block.norm1, type);
  const ModuleMaps maps(weights, block.attention, in.y, lengths);
  const at::Tensor kv = maps.joint(in.y, {kKey, kValue});
  const at::Tensor q = maps.joint(token.rows(in.y), {kQuery});
  // What a causal mask shows the pooled token is the sequence up to itself.
  ops::AttentionOptions one = attention;
  if (attention.causal) {
    one.causal = false;
    one.lengths = (token.positions + 1).to(at::kCPU);
  }
  const at::Tensor attended = ops::query_attention(q.unsqueeze(1), kv, one).squeeze(1);
  const auto [y, bias] = maps.mapped(attended, kOutput);
  const ops::Normed mid = take_in(weights, {token.rows(in.stream), y, bias}, block.norm2, type);
  return mlp(weights, block, mid, mid, lengths);
}

ClipEncoder::State ClipEncoder::mlp(const NetworkWeights& weights, const Block& block, const ops::Normed& all,
                                    const ops::Normed& some, const at::Tensor& lengths) const {
  const ModuleMaps maps(weights, block.mlp, all.y, lengths);
  const auto [hidden, hidden_bias] = maps.mapped(some.y, kFirst);
  const at::Tensor active = config_.quick_gelu ? ops::quick_gelu(hidden, hidden_bias) : ops::gelu(hidden, hidden_bias);
  const auto [y, bias] = maps.mapped(active, kSecond);
  return {some.stream, y, bias};
}

}  // namespace wootz
