// The experts of routed modules, from a merge's task vectors. Torch types.
#pragma once

#include "wootz/adapt/task_vectors.h"
#include "wootz/nn/routed_checkpoint.h"

namespace wootz {

/// How a recipe wants task vectors kept.
struct ExpertSettings {
  ExpertStorage storage = ExpertStorage::kDense;
  double keep = 0.1;
  std::int64_t rank = 16;
};

/// The task vectors of a routed module as they are to be stored, pruned or factored. `vectors` has the network's
/// parameters under their numbers.
Result<StoredModule> store_module(const Network& network, std::size_t module, const TaskVectors& vectors,
                                  const ExpertSettings& settings);

/// The maps of a module with whole experts: copied into memory, or else read from the checkpoints for every use.
Result<std::vector<RoutedMap>> dense_maps(const Network& network, std::size_t module, const TaskVectors& vectors,
                                          bool resident);

/// The maps of a module with experts as they are stored; fills `stored`, as store_module does.
Result<std::vector<RoutedMap>> stored_maps(const Network& network, std::size_t module, const TaskVectors& vectors,
                                           const ExpertSettings& settings, StoredModule& stored);

}  // namespace wootz
