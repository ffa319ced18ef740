// The contract between methods and the engine. A merge is a pipeline of stages over K lanes of one tensor: transforms
// rewrite the lanes (task vectors, or parameter values), a combination turns base and lanes into the result.
//
// The engine cuts tensors into pieces (io/digest.h: kPieceSize elements) and blocks, reads them in any order on many
// threads, and shows every stage what it asked to see. Stages are written so that the cut cannot change the result:
// what they learn is gathered per piece and merged in order, and what they do to an element depends on that alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wootz/core/shape.h"
#include "wootz/methods/params.h"

namespace wootz {

/// How a tensor may be cut into blocks for a stage, finest first.
enum class Granularity {
  kElement,  ///< anywhere
  kRow,      ///< between rows: a row is all of one index of the first dimension (a scalar or 1-D tensor is one row)
  kTensor,   ///< not at all
};

/// What a stage knows of a tensor it works on.
struct TensorContext {
  std::string name;
  Shape shape;
  std::uint64_t size = 0;      ///< elements
  std::uint64_t row_size = 0;  ///< elements of a row
  std::size_t models = 0;      ///< K, the lanes
  std::uint64_t seed = 0;      ///< of the recipe
  ParamSet params;
  std::uint64_t stage = 0;  ///< place in the pipeline; keeps the random streams of equal stages apart
};

/// Consecutive elements of one tensor, widened to double.
struct Block {
  std::uint64_t first = 0;         ///< flat index of the first element
  std::size_t size = 0;            ///< elements
  const double* base = nullptr;    ///< base values; null when the recipe has no base
  std::span<double* const> lanes;  ///< K arrays
};

/// What one thread carries from block to block within one piece.
class PieceState {
 public:
  virtual ~PieceState() = default;
};

/// One look at the data. `tensor` counts within the stage's scope.
class Pass {
 public:
  virtual ~Pass() = default;

  /// About how many elements of the scope are enough (a sample, spread evenly); the default is all of them.
  virtual std::uint64_t sample_size() const { return UINT64_MAX; }

  /// Begins a piece. Any thread.
  virtual std::unique_ptr<PieceState> begin(std::size_t tensor, std::uint64_t piece) const = 0;
  /// Takes in a block, after all earlier stages have been applied to it. Blocks of a piece come in order on one thread.
  virtual void add(PieceState& state, std::size_t tensor, const Block& block) const = 0;
  /// Takes in a finished piece. Called for pieces in order (of tensor, then piece), never concurrently.
  virtual void merge(std::size_t tensor, std::uint64_t piece, PieceState& state) = 0;
};

/// Something worth recording in the manifest.
struct Fact {
  std::string name;
  std::vector<double> values;
};

/// What transforms and combinations share. A stage serves a scope: one tensor, or all of a model's.
class Stage {
 public:
  virtual ~Stage() = default;

  /// The next pass to run, or null when the stage can be applied. Called again after each completed pass; the pass
  /// belongs to the stage.
  virtual Pass* next_pass() { return nullptr; }
  /// State for applying the stage to the blocks of one piece, in order. Requires: all passes done.
  virtual std::unique_ptr<PieceState> begin_piece(std::size_t /*tensor*/, std::uint64_t /*piece*/) const {
    return nullptr;
  }
  /// What is true of the whole scope comes with tensor 0. Requires: all passes done.
  virtual std::vector<Fact> facts(std::size_t /*tensor*/) const { return {}; }
};

/// Rewrites lanes.
class Transform : public Stage {
 public:
  /// In place. `state` is what begin_piece returned for the piece the block starts in.
  virtual void apply(std::size_t tensor, PieceState* state, const Block& block) const = 0;
};

/// Turns base and lanes into the merged values.
class Combination : public Stage {
 public:
  /// Writes block.size values; may use the lanes as scratch.
  virtual void combine(std::size_t tensor, PieceState* state, const Block& block, double* out) const = 0;
};

/// The tensors a stage serves. Outlives the stage.
using StageScope = std::span<const TensorContext>;

}  // namespace wootz
