// The `adapt:` section of a recipe as plain data: on which data a merge learns, how long, and what for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wootz/core/diagnostic.h"

namespace wootz {

struct MethodSpec;
struct YamlNode;
class Reporter;

/// The loss of an item of task k with prediction p (softmax of the logits): a weighted sum of these terms.
struct AdaptObjective {
  double entropy = 1.0;  ///< H(p) = -sum_c p_c log p_c
  /// sum_c p_c log q_c, where q is a running mean of the task's earlier predictions: classes predicted too often cost.
  double balance = 0.0;
  /// Cross entropy to a teacher: what the task's own expert and the starting merge predict together.
  double agreement = 0.0;
  /// How far the teacher's classes are evened out over a task's items: 0 not at all, where classes may be rare; 0.5
  /// where they are about as frequent as each other.
  double teacher_balance = 0.25;
  /// Cross entropy to the label: for those who have labels.
  double labels = 0.0;
  /// Items whose entropy is above this share of log C have no entropy term; 1 keeps all.
  double entropy_limit = 1.0;
};

/// Watches a set of unlabeled items of every task, and goes back when a task comes to harm.
struct AdaptGuard {
  std::size_t every = 25;     ///< steps between two looks
  std::size_t items = 256;    ///< watched, of each task
  double tolerance = 0.02;    ///< how far a task's agreement with its teacher may fall below the start's
  std::size_t patience = 10;  ///< looks without a better state before the run ends
};

/// Ends a run when the loss, averaged over the window, has fallen by less than `change` (a share) since the one before.
struct AdaptPlateau {
  std::size_t window = 50;
  double change = 1e-3;
};

struct AdaptSettings {
  enum class Schedule { kConstant, kCosine };

  SourcePlace place;
  bool clamp_by_default = true;  ///< the preset's, where the recipe says nothing
  std::string tasks;             ///< path of the catalogue, as written
  std::string split;             ///< "": the catalogue's
  std::size_t max_items = 0;     ///< of each task: the first so many of a shuffle; 0: all
  std::string corruption;        ///< "": clean data
  int severity = 5;              ///< of the corruption, 1 to 5
  std::size_t steps = 500;
  std::size_t batch_size = 16;  ///< items of a task in a batch
  std::size_t batches = 2;      ///< of each task in a step, each with a mean loss of its own
  double learning_rate = 1e-3;
  Schedule schedule = Schedule::kConstant;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  bool bfloat16 = false;            ///< matrix products in bfloat16
  std::uint64_t seed = 0;           ///< of the order of the items
  std::vector<std::string> groups;  ///< tensors whose name has one of these share coefficients, the rest another set
  AdaptObjective objective;
  std::optional<AdaptGuard> guard;
  std::optional<AdaptPlateau> plateau;
  std::size_t evaluate_every = 0;  ///< steps between two evaluations on labelled data, for the report; 0: none
  std::string evaluate_split = "test";
  std::size_t checkpoint_steps = 50;  ///< between saved states; 0: none
};

/// `method` is the recipe's, and one that learns: its presets are what the section starts from.
AdaptSettings read_adapt_section(const YamlNode& node, const MethodSpec& method, Reporter& report);

}  // namespace wootz
