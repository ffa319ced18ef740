// One step's way through a network and back, for many items, in bounded memory: the items in micro-batches, and where
// the weights or activations of the whole network do not fit, segment by segment, with what crosses the borders kept
// and the rest computed again on the way back (gradient checkpointing). Torch types.
#pragma once

#include <functional>
#include <vector>

#include "wootz/nn/network.h"

namespace wootz {

/// Consecutive stages that run as one: [first, last).
struct Segment {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Items that go through the network together.
struct MicroBatch {
  /// Consecutive items of one task.
  struct Part {
    std::size_t task = 0;
    std::int64_t begin = 0, end = 0;  ///< rows of the output
    std::vector<std::size_t> items;   ///< [end - begin] their numbers in the task's data
    std::vector<int> labels;          ///< [end - begin]
  };
  NetworkInput input;
  std::vector<Part> parts;
  std::size_t size = 0;  ///< items
};

/// Where a segment's parameters come from and their gradients go.
class SegmentWeights {
 public:
  virtual ~SegmentWeights() = default;

  /// The parameters of a segment, all others undefined; those that require gradients are learned from.
  virtual Result<NetworkWeights> open(const Segment& segment, bool learning) = 0;
  /// Takes the gradients, in the parameters' grad(), of a segment opened for learning; what routers learn from is left
  /// in their own.
  virtual Result<> close(const Segment& segment, const NetworkWeights& weights) = 0;
};

/// A micro-batch's loss, a scalar, from the network's output for it. Called once for each micro-batch in a step.
using LossFunction = std::function<at::Tensor(const MicroBatch&, const at::Tensor& output)>;

class StagedPass {
 public:
  /// The network must outlive it. `segments` cover all its stages, in order.
  StagedPass(const Network& network, NetworkOutput output, Precision precision, std::vector<Segment> segments)
      : network_(network), output_(output), precision_(precision), segments_(std::move(segments)) {}

  /// Gradients of the sum of the losses. Returns that sum.
  Result<double> learn(const std::vector<MicroBatch>& batches, SegmentWeights& weights, const LossFunction& loss) const;

  /// The network's outputs, without gradients.
  Result<std::vector<at::Tensor>> run(const std::vector<MicroBatch>& batches, SegmentWeights& weights) const;

 private:
  StageState forward(const Segment& segment, const NetworkWeights& weights, const MicroBatch& batch,
                     StageState state) const;
  /// Takes every micro-batch's state through a segment, without gradients.
  Result<std::vector<StageState>> pass_on(const Segment& segment, const std::vector<MicroBatch>& batches,
                                          SegmentWeights& weights, const std::vector<StageState>& states) const;

  const Network& network_;
  NetworkOutput output_;
  Precision precision_;
  std::vector<Segment> segments_;
};

/// How a step is cut up to fit into memory.
struct PassPlan {
  std::vector<Segment> segments;
  std::size_t items = 0;     ///< of a micro-batch, at most
  std::uint64_t memory = 0;  ///< estimated peak of weights, gradients and activations, bytes
};

/// What a step needs room for.
struct PassSize {
  std::size_t items = 0;       ///< of a step
  std::size_t tokens = 0;      ///< of an item, at most
  double weight_copies = 2.0;  ///< float32 copies of a segment's weights held at once
  Precision precision = Precision::kFloat32;
  double activations = 1.0;  ///< kept for the way back, as a multiple of what the network itself says
};

/// The cheapest plan that fits: whole networks and large micro-batches where there is room. Fails (kUsage) saying how
/// much the least needs.
Result<PassPlan> plan_pass(const Network& network, const PassSize& size, std::uint64_t memory);

}  // namespace wootz
