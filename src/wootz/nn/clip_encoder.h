// Internal to nn: the stack of pre-norm transformer blocks that both towers of CLIP have.
#pragma once

#include "wootz/nn/ops.h"
#include "wootz/nn/parameter_builder.h"

namespace wootz {

struct ClipEncoderConfig {
  std::int64_t width = 0;         ///< D
  std::int64_t intermediate = 0;  ///< of the MLP
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  double epsilon = 1e-5;
  bool quick_gelu = true;  ///< otherwise the exact GELU

  /// From a vision_config or text_config.
  static Result<ClipEncoderConfig> read(const ModelConfig& config);
};

/// Which token of each sequence the result is about.
struct PooledToken {
  at::Tensor positions;                        ///< [B] int64 on the network's device; undefined: the first of each
  at::Tensor rows(const at::Tensor& x) const;  ///< [B, T, D] -> [B, D]
};

class ClipEncoder {
 public:
  ClipEncoder(const ClipEncoderConfig& config, const std::string& prefix, ParameterBuilder& builder);

  /// The last norm's output for one token of each sequence, [B, D] float32, from the residual stream [B, T, D] float32.
  /// The last block computes for that token alone. `last_norm` follows the blocks.
  at::Tensor pooled(const ParameterList& parameters, const at::Tensor& stream, const ops::AttentionOptions& attention,
                    const PooledToken& token, const NormParameters& last_norm) const;

 private:
  struct Block {
    LinearParameters key, value, query, out;
    NormParameters norm1;
    LinearParameters fc1, fc2;
    NormParameters norm2;
  };
  /// A residual stream and the branch that it has not taken in yet.
  struct State {
    at::Tensor stream;
    at::Tensor branch;
    at::Tensor bias;
  };

  State whole_block(const ParameterList& parameters, const Block& block, const State& state,
                    const ops::AttentionOptions& attention) const;
  State pooled_block(const ParameterList& parameters, const Block& block, const State& state,
                     const ops::AttentionOptions& attention, const PooledToken& token) const;
  State after_attention(const ParameterList& parameters, const Block& block, const at::Tensor& stream,
                        const at::Tensor& attended) const;
  ops::Normed take_in(const ParameterList& parameters, const State& state, const NormParameters& norm,
                      at::ScalarType out) const;

  ClipEncoderConfig config_;
  std::vector<Block> blocks_;
};

}  // namespace wootz
