// RoBERTa (Liu et al., 2019; arXiv 1907.11692) in Hugging Face's names: RobertaForSequenceClassification, or
// RobertaModel as a sentence encoder (mean-pooled). Positions start after the padding's id.
#include "wootz/nn/bert_encoder.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

class Roberta : public Network {
 public:
  Roberta(const BertConfig& config, const std::string& prefix, std::int64_t first_position, std::int64_t classes) {
    ParameterBuilder builder(parameters_);
    encoder_.emplace(config, prefix, first_position, builder);
    if (classes > 0) {
      dense_ = builder.linear("classifier.dense", config.width, config.width);
      out_ = builder.linear("classifier.out_proj", classes, config.width);
    }
    info_.architecture = "roberta";
    info_.input = InputKind::kText;
    info_.max_tokens = static_cast<std::size_t>(config.positions - first_position);
    info_.feature_size = static_cast<std::size_t>(config.width);
    info_.classes = static_cast<std::size_t>(classes);
  }

  at::Tensor features(const ParameterList& parameters, const NetworkInput& input) const override {
    return BertEncoder::mean(encoder_->states(parameters, input), input.lengths);
  }

  at::Tensor logits(const ParameterList& parameters, const NetworkInput& input) const override {
    const at::Tensor first = encoder_->states(parameters, input).select(1, 0);
    return apply(parameters, out_, apply(parameters, dense_, first).tanh());
  }

 private:
  static at::Tensor apply(const ParameterList& parameters, const LinearParameters& map, const at::Tensor& x) {
    return at::linear(x, parameters[map.weight].to(x.scalar_type()), parameters[map.bias]);
  }

  std::optional<BertEncoder> encoder_;
  LinearParameters dense_, out_;
};

Result<std::unique_ptr<Network>> make_roberta(const ModelConfig& config, const TensorNames& names) {
  WOOTZ_TRY(const BertConfig read, BertConfig::read(config));
  WOOTZ_TRY(const std::int64_t padding, config.size("pad_token_id", 1));
  if (read.positions <= padding + 1)
    return fail(ErrorKind::kInput, "{}: 'max_position_embeddings' {} leaves no position after the padding's id {}",
                config.file(), read.positions, padding);
  std::int64_t classes = 0;
  if (names.contains("classifier.out_proj.weight")) {
    classes = static_cast<std::int64_t>(config.entries("id2label"));
    if (classes == 0) classes = config.size("num_labels", 2).value_or(2);
  }
  const bool bare = names.contains("embeddings.word_embeddings.weight");
  return std::make_unique<Roberta>(read, bare ? "" : "roberta.", padding + 1, classes);
}

}  // namespace

void register_roberta(ArchitectureTable& table) { table.push_back({"roberta", {"roberta"}, make_roberta}); }

}  // namespace wootz
