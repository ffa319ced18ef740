// What can be asked of a case. Each mode returns nothing when the case passes, or else what is wrong with it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cases/case_run.h"

namespace wootz::cases {

using Verdict = std::optional<std::string>;

/// Runs a case on some models; the engine's, but for the tests of this harness.
using Runner = std::function<Result<Output>(CaseModels& models, const Case& one, const RunOptions& options,
                                            const std::string& extra)>;
Runner engine_runner();

/// Whether the merge is within `ulps` of the oracle's values (oracle/oracles.h), for every dtype of the case.
Verdict check_oracle(const Case& one, const Runner& runner);

/// Whether the merge obeys the laws that follow from what its method declares: the base stays where nothing changes,
/// the seed matters exactly to random methods, the order of the models does not matter, NaN does not spread, and so on.
Verdict check_laws(const Case& one, const Runner& runner);

/// Whether threads, memory, the cut into files and the instruction set leave all bytes as they are.
Verdict check_determinism(const Case& one, const Runner& runner);

struct Mode {
  const char* name;
  Verdict (*check)(const Case& one, const Runner& runner);
};
/// All of them, by name.
std::span<const Mode> modes();

}  // namespace wootz::cases
