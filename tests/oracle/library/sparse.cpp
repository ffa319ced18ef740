// Methods that drop entries of task vectors and add up the rest, and their transforms.
#include <algorithm>

#include "oracle/oracles.h"

namespace wootz {
namespace {

using oracle::Stage;
using oracle::Tensor;
using oracle::Vector;
using oracle::Vectors;

/// What a lane becomes; k counts models.
using Drop = std::function<Vector(const Stage& stage, const Tensor& tensor, const Vector& lane, std::size_t k)>;

/// Drops by magnitude within the scope, where only the values count.
void drop_by_magnitude(Stage& stage, const std::function<Vector(const Vector& lane, std::size_t k)>& drop) {
  for_each_scope(stage, [&](Vectors& lanes) {
    for (std::size_t k = 0; k < lanes.size(); ++k) {
      const Vector kept = drop(lanes[k], k);
      const bool rescale = stage.params.has("rescale") && stage.params.flag("rescale");
      lanes[k] = rescale ? oracle::l1_rescaled(lanes[k], kept) : kept;
    }
  });
}

void trim(Stage& stage) {
  drop_by_magnitude(stage, [&](const Vector& lane, std::size_t k) {
    return oracle::trim(lane, stage.params.of_model("density", k));
  });
}

void breadcrumbs(Stage& stage) {
  drop_by_magnitude(stage, [&](const Vector& lane, std::size_t k) {
    return oracle::breadcrumbs(lane, stage.params.of_model("density", k), stage.params.of_model("gamma", k));
  });
}

void drop_by_tensor(Stage& stage, const Drop& drop) {
  for (Tensor& tensor : stage.tensors)
    for (std::size_t k = 0; k < tensor.lanes.size(); ++k) {
      const Vector kept = drop(stage, tensor, tensor.lanes[k], k);
      tensor.lanes[k] = stage.params.flag("rescale") ? oracle::l1_rescaled(tensor.lanes[k], kept) : kept;
    }
}

void random(Stage& stage) {
  drop_by_tensor(stage, [](const Stage& s, const Tensor& tensor, const Vector& lane, std::size_t k) {
    return oracle::dare(lane, s.seed, tensor.name, s.stream(k), s.params.of_model("density", k));
  });
}

void rank_random(Stage& stage) {
  drop_by_tensor(stage, [](const Stage& s, const Tensor& tensor, const Vector& lane, std::size_t k) {
    const double density = s.params.of_model("density", k);
    if (density >= 1.0) return lane;
    if (density <= 0.0) return Vector(lane.size());
    return oracle::della(lane, tensor.row_size, s.seed, tensor.name, s.stream(k), density,
                         s.params.of_model("epsilon", k));
  });
}

/// The transform divides by the density where the methods keep the sum of magnitudes.
void dare(Stage& stage) {
  const double density = stage.params.number("density");
  for (Tensor& tensor : stage.tensors)
    for (std::size_t k = 0; k < tensor.lanes.size(); ++k) {
      tensor.lanes[k] = oracle::dare(tensor.lanes[k], stage.seed, tensor.name, stage.stream(k), density);
      if (!stage.params.flag("rescale") || density == 0.0) continue;
      for (double& value : tensor.lanes[k]) value *= 1.0 / density;
    }
}

void ties(Stage& stage) {
  for_each_scope(stage, [&](Vectors& lanes) {
    for (Vector& lane : lanes) lane = oracle::trim(lane, stage.params.number("density"));
    lanes = oracle::elect(lanes);
  });
}

oracle::MergeOracle dropped_then_added(oracle::TransformOracle drop, bool consensus) {
  return [drop = std::move(drop), consensus](Stage& stage) {
    drop(stage);
    Vectors merged;
    for (const Tensor& tensor : stage.tensors)
      merged.push_back(oracle::task_arithmetic(tensor.base, tensor.lanes, stage.params.numbers("weight"), consensus,
                                               stage.params.flag("normalize"), stage.params.number("lambda")));
    return merged;
  };
}

}  // namespace

void register_sparse(oracle::Oracles& table) {
  table.transform("trim", trim);
  table.transform("breadcrumbs", breadcrumbs);
  table.transform("dare", dare);
  table.transform("della", rank_random);
  table.transform("ties", ties, 2);
  table.merge("task_arithmetic", dropped_then_added([](Stage&) {}, false));
  table.merge("ties", dropped_then_added(trim, true));
  table.merge("breadcrumbs", dropped_then_added(breadcrumbs, false));
  table.merge("breadcrumbs_ties", dropped_then_added(breadcrumbs, true));
  table.merge("dare_linear", dropped_then_added(random, false));
  table.merge("dare_ties", dropped_then_added(random, true));
  table.merge("della", dropped_then_added(rank_random, true));
  table.merge("della_linear", dropped_then_added(rank_random, false));
}

}  // namespace wootz
