// BERT in Hugging Face's names: BertForSequenceClassification, or BertModel as a sentence encoder (mean-pooled).
#include "wootz/nn/bert_encoder.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

class Bert : public Network {
 public:
  Bert(const BertConfig& config, const std::string& prefix, std::int64_t classes) {
    ParameterBuilder builder(parameters_);
    encoder_.emplace(config, prefix, 0, builder);
    if (classes > 0) {
      pooler_ = builder.linear(prefix + "pooler.dense", config.width, config.width);
      classifier_ = builder.linear("classifier", classes, config.width);
    }
    info_.architecture = "bert";
    info_.input = InputKind::kText;
    info_.max_tokens = static_cast<std::size_t>(config.positions);
    info_.feature_size = static_cast<std::size_t>(config.width);
    info_.classes = static_cast<std::size_t>(classes);
  }

  at::Tensor features(const ParameterList& parameters, const NetworkInput& input) const override {
    return BertEncoder::mean(encoder_->states(parameters, input), input.lengths);
  }

  at::Tensor logits(const ParameterList& parameters, const NetworkInput& input) const override {
    const at::Tensor first = encoder_->states(parameters, input).select(1, 0);
    return apply(parameters, classifier_, apply(parameters, pooler_, first).tanh());
  }

 private:
  static at::Tensor apply(const ParameterList& parameters, const LinearParameters& map, const at::Tensor& x) {
    return at::linear(x, parameters[map.weight].to(x.scalar_type()), parameters[map.bias]);
  }

  std::optional<BertEncoder> encoder_;
  LinearParameters pooler_, classifier_;
};

Result<std::unique_ptr<Network>> make_bert(const ModelConfig& config, const TensorNames& names) {
  WOOTZ_TRY(const BertConfig read, BertConfig::read(config));
  std::int64_t classes = 0;
  if (names.contains("classifier.weight")) {
    classes = static_cast<std::int64_t>(config.entries("id2label"));
    if (classes == 0) classes = config.size("num_labels", 2).value_or(2);
  }
  return std::make_unique<Bert>(read, names.contains("embeddings.word_embeddings.weight") ? "" : "bert.", classes);
}

}  // namespace

void register_bert(ArchitectureTable& table) { table.push_back({"bert", {"bert"}, make_bert}); }

}  // namespace wootz
