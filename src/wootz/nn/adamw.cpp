#include "wootz/nn/adamw.h"

#include <ATen/ops/_fused_adamw.h>

#include <cmath>

#include "wootz/nn/torch_headers.h"

namespace wootz {

AdamW::AdamW(ParameterList values, const AdamWSettings& settings) : settings_(settings), values_(std::move(values)) {
  for (const at::Tensor& each : values_) {
    means_.push_back(at::zeros_like(each));
    squares_.push_back(at::zeros_like(each));
  }
}

void AdamW::step(const ParameterList& gradients, double learning_rate) {
  const at::NoGradGuard no_gradients;
  ++steps_;
  ParameterList values, defined, means, squares, counts;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (!gradients[i].defined()) continue;
    values.push_back(values_[i]);
    defined.push_back(gradients[i].contiguous());  // the fused step does not look at strides
    means.push_back(means_[i]);
    squares.push_back(squares_[i]);
    counts.push_back(at::full({}, static_cast<double>(steps_), values_[i].options()));
  }
  at::_fused_adamw_(values, defined, means, squares, /*max_exp_avg_sqs=*/{}, counts, learning_rate, settings_.beta1,
                    settings_.beta2, settings_.weight_decay, settings_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

double clip_gradients(ParameterList& gradients, double largest) {
  const at::NoGradGuard no_gradients;
  double square = 0.0;
  for (const at::Tensor& gradient : gradients)
    if (gradient.defined()) square += gradient.square().sum().item<double>();
  const double norm = std::sqrt(square);
  if (norm > largest)
    for (at::Tensor& gradient : gradients)
      if (gradient.defined()) gradient.mul_(largest / (norm + 1e-6));
  return norm;
}

}  // namespace wootz
