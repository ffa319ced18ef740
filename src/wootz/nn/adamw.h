// AdamW (Loshchilov & Hutter, 2017; arXiv 1711.05101) with torch's fused step. Torch types.
#pragma once

#include <vector>

#include "wootz/nn/network.h"

namespace wootz {

struct AdamWSettings {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
};

class AdamW {
 public:
  AdamW(ParameterList values, const AdamWSettings& settings);

  /// Changes the values in place. Undefined gradients leave their value alone.
  void step(const ParameterList& gradients, double learning_rate);

  /// For saving and resuming: running means of gradients and of their squares, in the order of the values; overwritten
  /// in place when resuming.
  const ParameterList& means() const { return means_; }
  const ParameterList& squares() const { return squares_; }
  std::size_t steps() const { return steps_; }
  void set_steps(std::size_t steps) { steps_ = steps; }

 private:
  AdamWSettings settings_;
  ParameterList values_, means_, squares_;
  std::size_t steps_ = 0;
};

/// Scales the gradients so that their joint norm is at most `largest`; returns the norm before.
double clip_gradients(ParameterList& gradients, double largest);

}  // namespace wootz
