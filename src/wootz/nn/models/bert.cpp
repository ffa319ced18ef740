// BERT in Hugging Face's names: BertForSequenceClassification, or BertModel as a sentence encoder (mean-pooled).
#include "wootz/nn/bert_encoder.h"

namespace wootz {
namespace {

Result<std::unique_ptr<Network>> make_bert(const ModelConfig& config, const TensorNames& names) {
  WOOTZ_TRY(const BertConfig read, BertConfig::read(config));
  const std::string prefix = names.contains("embeddings.word_embeddings.weight") ? "" : "bert.";
  return make_bert_network(read, {"bert", prefix, 0, prefix + "pooler.dense", "classifier"},
                           names.contains("classifier.weight") ? bert_classes(config) : 0);
}

}  // namespace

void register_bert(ArchitectureTable& table) { table.push_back({"bert", {"bert"}, make_bert}); }

}  // namespace wootz
