// What the routers of a model do with a task's items.
#pragma once

#include <string>
#include <vector>

#include "wootz/eval/evaluate.h"

namespace wootz {

/// Of one task: [modules, K] each, in the order of Model::routing().
struct TaskRouting {
  std::string task;
  std::string split;
  std::size_t items = 0;
  std::vector<double> mean;     ///< coefficients, over the items
  std::vector<double> largest;  ///< shares of the items for which an expert's coefficient is the largest
};

/// Needs no head and no labels. Requires: the model has routing(). Fails as evaluate.
Result<TaskRouting> route_task(FileSystem& files, const Model& model, const Task& task, const EvaluateOptions& options,
                               const ItemProgress& progress);

/// The mean over the items of all of them.
std::vector<double> mean_coefficients(const std::vector<TaskRouting>& tasks);

}  // namespace wootz
