// What a merge can be taught by without labels. Torch types.
#pragma once

#include <functional>

#include "wootz/adapt/adapter.h"
#include "wootz/adapt/objective.h"
#include "wootz/adapt/tasks.h"

namespace wootz {

/// What it takes to ask a task's expert and the starting merge.
struct TeacherInputs {
  FileSystem& files;
  std::string expert;  ///< its path
  const OpenTask& task;
  const ObjectiveTask& head;  ///< of the same task
  Adapter& adapter;           ///< as it starts
  const ModelInfo& info;      ///< of what it merges
  ModelOptions model;         ///< to run the expert with
  at::Device device = at::kCPU;
  ReadOptions reading;
  double balance = 0.25;  ///< see AdaptObjective::teacher_balance
  BadItems& bad;
};

/// [n, C] float32 on the CPU, for the given items of the task (the rows of others are 0): the geometric mean of the
/// expert's and the starting merge's predictions, evened out over the classes,
///   t_c ~ sqrt(e_c s_c) / m_c^balance,  m the mean over the items of the normalized sqrt(e s).
/// The expert knows its task, the starting merge stays sound where the expert's data have changed under it, and a class
/// that both choose too often loses. `progress` is called with the items done, each counted twice.
Result<at::Tensor> teacher_predictions(const TeacherInputs& inputs, const std::vector<std::size_t>& items,
                                       const std::function<void(std::size_t)>& progress);

}  // namespace wootz
