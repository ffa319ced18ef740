// Internal to nn: the post-norm encoder of BERT (Devlin et al., 2018; arXiv 1810.04805), which RoBERTa shares.
#pragma once

#include "wootz/nn/architecture.h"
#include "wootz/nn/module_maps.h"
#include "wootz/nn/ops.h"
#include "wootz/nn/parameter_builder.h"

namespace wootz {

struct BertConfig {
  std::int64_t width = 0;
  std::int64_t intermediate = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;
  std::int64_t types = 0;
  double epsilon = 1e-12;

  static Result<BertConfig> read(const ModelConfig& config);
};

class BertEncoder {
 public:
  /// `prefix` is "bert.", "roberta." or "". Positions count from `first_position`. Adds the embeddings' parameters.
  BertEncoder(const BertConfig& config, const std::string& prefix, std::int64_t first_position,
              ParameterBuilder& builder);

  std::size_t blocks() const { return static_cast<std::size_t>(config_.layers); }
  /// Adds the parameters of the next block.
  void add_block(ParameterBuilder& builder);
  /// About how many numbers a block keeps for a token's way back.
  std::size_t kept_values() const;

  /// The tokens' states, [B, T, D] float32: before the blocks, and after one.
  at::Tensor embed(const NetworkWeights& weights, const NetworkInput& input) const;
  at::Tensor run(std::size_t block, const NetworkWeights& weights, const NetworkInput& input,
                 const at::Tensor& states) const;

 private:
  struct Block {
    BlockModule attention;
    NormParameters norm1;
    BlockModule mlp;
    NormParameters norm2;
  };
  at::Tensor block(const NetworkWeights& weights, const Block& block, const at::Tensor& stream,
                   const ops::AttentionOptions& attention) const;

  BertConfig config_;
  std::string prefix_;
  std::int64_t first_position_ = 0;
  ParameterIndex words_ = 0, positions_ = 0, types_ = 0;
  NormParameters norm_;
  std::vector<Block> blocks_;
};

/// What tells the architectures of this family apart.
struct BertVariant {
  std::string architecture;         ///< ModelInfo::architecture
  std::string prefix;               ///< of the encoder's parameters
  std::int64_t first_position = 0;  ///< that positions count from
  std::string dense;                ///< the classifier's map under tanh, by its whole name
  std::string classifier;           ///< the map to the classes, by its whole name
};

/// How many classes a configuration gives a classifier: its labels, or else num_labels, or 2.
std::int64_t bert_classes(const ModelConfig& config);

/// Mean-pooled features, and with `classes` > 0 the logits of a classifier on the first token's state.
std::unique_ptr<Network> make_bert_network(const BertConfig& config, const BertVariant& variant, std::int64_t classes);

}  // namespace wootz
