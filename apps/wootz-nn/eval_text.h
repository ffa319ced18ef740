// Results of evaluations as tables.
#pragma once

#include <string>

#include "wootz/eval/results.h"

namespace wootz::cli {

/// A row a model, a column a task, the average last; under corruption a group of rows for each. Percent; with the half
/// width of the 95 % interval for a single model, and in brackets the share of the expert's accuracy where known.
std::string results_text(const Results& results);

/// A table of classes for every model and task.
std::string classes_text(const Results& results);

}  // namespace wootz::cli
