// Methods on the models' own values.
#include "oracle/oracles.h"

namespace wootz {

void register_means(oracle::Oracles& table) {
  using oracle::by_tensor;
  using oracle::Stage;
  using oracle::Tensor;
  table.merge("average", by_tensor([](const Stage& stage, const Tensor& tensor) {
                return oracle::linear(tensor.lanes, oracle::Vector(stage.models(), 1.0), true);
              }));
  table.merge("linear", by_tensor([](const Stage& stage, const Tensor& tensor) {
                return oracle::linear(tensor.lanes, stage.params.numbers("weight"), stage.params.flag("normalize"));
              }));
  table.merge("passthrough", by_tensor([](const Stage& stage, const Tensor& tensor) {
                return oracle::linear(tensor.lanes, stage.params.numbers("scale"), false);
              }));
  table.merge("slerp", by_tensor([](const Stage& stage, const Tensor& tensor) {
                return oracle::slerp(tensor.base, tensor.lanes[0], stage.params.number("t"));
              }));
}

}  // namespace wootz
