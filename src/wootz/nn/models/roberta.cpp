// RoBERTa (Liu et al., 2019; arXiv 1907.11692) in Hugging Face's names: RobertaForSequenceClassification, or
// RobertaModel as a sentence encoder (mean-pooled). Positions start after the padding's id.
#include "wootz/nn/bert_encoder.h"

namespace wootz {
namespace {

Result<std::unique_ptr<Network>> make_roberta(const ModelConfig& config, const TensorNames& names) {
  WOOTZ_TRY(const BertConfig read, BertConfig::read(config));
  WOOTZ_TRY(const std::int64_t padding, config.size("pad_token_id", 1));
  if (read.positions <= padding + 1)
    return fail(ErrorKind::kInput, "{}: 'max_position_embeddings' {} leaves no position after the padding's id {}",
                config.file(), read.positions, padding);
  const std::string prefix = names.contains("embeddings.word_embeddings.weight") ? "" : "roberta.";
  return make_bert_network(read, {"roberta", prefix, padding + 1, "classifier.dense", "classifier.out_proj"},
                           names.contains("classifier.out_proj.weight") ? bert_classes(config) : 0);
}

}  // namespace

void register_roberta(ArchitectureTable& table) { table.push_back({"roberta", {"roberta"}, make_roberta}); }

}  // namespace wootz
