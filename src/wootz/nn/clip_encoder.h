// Internal to nn: the stack of pre-norm transformer blocks that both towers of CLIP have.
#pragma once

#include "wootz/nn/module_maps.h"
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
  ClipEncoder(const ClipEncoderConfig& config, const std::string& prefix);

  std::size_t blocks() const { return static_cast<std::size_t>(config_.layers); }
  /// Adds the parameters of the next block.
  void add_block(ParameterBuilder& builder);
  /// About how many numbers a block keeps for a token's way back.
  std::size_t kept_values() const;

  /// Runs a block. The first takes the residual stream {[B, T, D] float32}; the last computes for one token of each
  /// sequence alone. `lengths` [B] are the tokens that count for routers (undefined: all).
  StageState run(std::size_t block, const NetworkWeights& weights, const StageState& state,
                 const ops::AttentionOptions& attention, const at::Tensor& lengths, const PooledToken& token) const;

  /// The norm after the blocks, [B, D] float32.
  at::Tensor normed(const NetworkWeights& weights, const StageState& state, const NormParameters& last_norm) const;

 private:
  struct Block {
    BlockModule attention;
    NormParameters norm1;
    BlockModule mlp;
    NormParameters norm2;
  };
  /// A residual stream and the branch that it has not taken in yet.
  struct State {
    at::Tensor stream;
    at::Tensor branch;
    at::Tensor bias;

    static State of(const StageState& state);
  };

  /// The MLP for all tokens, or for the pooled one alone.
  State whole_block(const NetworkWeights& weights, const Block& block, const State& state,
                    const ops::AttentionOptions& attention, const at::Tensor& lengths, const PooledToken* pooled) const;
  /// Attention and MLP for the pooled token alone.
  State pooled_block(const NetworkWeights& weights, const Block& block, const State& state,
                     const ops::AttentionOptions& attention, const at::Tensor& lengths, const PooledToken& token) const;
  State mlp(const NetworkWeights& weights, const Block& block, const ops::Normed& all, const ops::Normed& some,
            const at::Tensor& lengths) const;
  ops::Normed take_in(const NetworkWeights& weights, const State& state, const NormParameters& norm,
                      at::ScalarType out) const;

  ClipEncoderConfig config_;
  std::string prefix_;
  std::vector<Block> blocks_;
};

}  // namespace wootz
