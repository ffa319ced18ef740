// Accuracy of a model that is being adapted, on labelled data. Torch types.
#pragma once

#include "wootz/adapt/adapter.h"
#include "wootz/adapt/objective.h"
#include "wootz/adapt/tasks.h"

namespace wootz {

/// The accuracy of each task on all of its data. Ties go to the lowest class.
Result<std::vector<double>> evaluate_adapter(FileSystem& files, Adapter& adapter, const std::vector<OpenTask>& tasks,
                                             const std::vector<ObjectiveTask>& objective_tasks, const ModelInfo& model,
                                             at::Device device, const ReadOptions& reading, BadItems& bad);

}  // namespace wootz
