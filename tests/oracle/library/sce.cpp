#include "oracle/oracles.h"

namespace wootz {

void register_sce(oracle::Oracles& table) {
  table.merge("sce", oracle::by_tensor([](const oracle::Stage& stage, const oracle::Tensor& tensor) {
                return oracle::sce(tensor.base, models_of(tensor), stage.params.number("select_topk"));
              }));
}

}  // namespace wootz
