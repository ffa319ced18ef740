// Internal to finetune: what a run must save to go on. Torch types.
#pragma once

#include <optional>
#include <vector>

#include "wootz/engine/output/run_directory.h"
#include "wootz/finetune/trainable.h"
#include "wootz/nn/adamw.h"

namespace wootz {

/// Saves the trained values, the optimizer's means and the losses of the steps so far.
Result<> save_state(RunDirectory& run, const Trainable& trainable, const AdamW& optimizer,
                    const std::vector<double>& losses);

/// Fills values and optimizer from the saved state; returns the losses of the steps so far (none: nothing is saved).
Result<std::vector<double>> restore_state(RunDirectory& run, const Trainable& trainable, AdamW& optimizer);

}  // namespace wootz
