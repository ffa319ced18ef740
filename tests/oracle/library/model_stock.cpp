#include "oracle/oracles.h"

namespace wootz {

void register_model_stock(oracle::Oracles& table) {
  table.merge("model_stock", oracle::by_tensor([](const oracle::Stage& stage, const oracle::Tensor& tensor) {
                return oracle::model_stock(tensor.base, models_of(tensor),
                                           stage.params.flag("filter_wise") ? tensor.row_size : 0);
              }));
}

}  // namespace wootz
