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
  block.key = builder.key(at + "self_attn.k_proj", d, d);
  block.value = builder.linear(at + "self_attn.v_proj", d, d);
  block.query = builder.linear(at + "self_attn.q_proj", d, d);
  block.out = builder.linear(at + "self_attn.out_proj", d, d);
  block.norm1 = builder.norm(at + "layer_norm1", d);
  block.fc1 = builder.linear(at + "mlp.fc1", config_.intermediate, d);
  block.fc2 = builder.linear(at + "mlp.fc2", d, config_.intermediate);
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

StageState ClipEncoder::run(std::size_t block, const ParameterList& parameters, const StageState& state,
                            const ops::AttentionOptions& attention, const PooledToken& token) const {
  const State in = State::of(state);
  const State out = block + 1 == blocks_.size() ? pooled_block(parameters, blocks_[block], in, attention, token)
                                                : whole_block(parameters, blocks_[block], in, attention);
  return {out.stream, out.branch, out.bias};
}

at::Tensor ClipEncoder::normed(const ParameterList& parameters, const StageState& state,
                               const NormParameters& last_norm) const {
  return take_in(parameters, State::of(state), last_norm, state[0].scalar_type()).y;
}

ops::Normed ClipEncoder::take_in(const ParameterList& parameters, const State& state, const NormParameters& norm,
                                 at::ScalarType out) const {
  return ops::add_layer_norm(state.stream, state.branch, state.bias, parameters[norm.weight], parameters[norm.offset],
                             config_.epsilon, out);
}

// Several linear maps of one input as one product.
static at::Tensor joint_linear(const ParameterList& parameters, const at::Tensor& x,
                               std::initializer_list<LinearParameters> maps) {
  std::vector<at::Tensor> weights, biases;
  for (const LinearParameters& map : maps) {
    weights.push_back(parameters[map.weight]);
    biases.push_back(parameters[map.bias]);
  }
  return at::linear(x, at::cat(weights), at::cat(biases).to(x.scalar_type()));
}

ClipEncoder::State ClipEncoder::whole_block(const ParameterList& parameters, const Block& block, const State& state,
                                            const ops::AttentionOptions& attention) const {
  const at::ScalarType type = parameters[block.query.weight].scalar_type();
  const ops::Normed in = take_in(parameters, state, block.norm1, type);
  const at::Tensor qkv = joint_linear(parameters, in.y, {block.query, block.key, block.value});
  return after_attention(parameters, block, in.stream, ops::self_attention(qkv, attention));
}

ClipEncoder::State ClipEncoder::pooled_block(const ParameterList& parameters, const Block& block, const State& state,
                                             const ops::AttentionOptions& attention, const PooledToken& token) const {
  const at::ScalarType type = parameters[block.query.weight].scalar_type();
  const ops::Normed in = take_in(parameters, state, block.norm1, type);
  const at::Tensor kv = joint_linear(parameters, in.y, {block.key, block.value});
  const at::Tensor q = joint_linear(parameters, token.rows(in.y), {block.query});
  // What a causal mask shows the pooled token is the sequence up to itself.
  ops::AttentionOptions one = attention;
  if (attention.causal) {
    one.causal = false;
    one.lengths = (token.positions + 1).to(at::kCPU);
  }
  const at::Tensor attended = ops::query_attention(q.unsqueeze(1), kv, one).squeeze(1);
  return after_attention(parameters, block, token.rows(in.stream), attended);
}

ClipEncoder::State ClipEncoder::after_attention(const ParameterList& parameters, const Block& block,
                                                const at::Tensor& stream, const at::Tensor& attended) const {
  const State joined{stream, at::linear(attended, parameters[block.out.weight]), parameters[block.out.bias]};
  const ops::Normed mid = take_in(parameters, joined, block.norm2, attended.scalar_type());
  const at::Tensor hidden = at::linear(mid.y, parameters[block.fc1.weight]);
  const at::Tensor active = config_.quick_gelu ? ops::quick_gelu(hidden, parameters[block.fc1.bias])
                                               : ops::gelu(hidden, parameters[block.fc1.bias]);
  return {mid.stream, at::linear(active, parameters[block.fc2.weight]), parameters[block.fc2.bias]};
}

}  // namespace wootz
