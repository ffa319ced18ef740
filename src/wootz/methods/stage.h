// The contract between methods and the engine. A merge is a pipeline of stages over K lanes of one tensor: transforms
// rewrite the lanes (task vectors, or parameter values), a combination turns base and lanes into the result.
//
// The engine cuts tensors into pieces (io/digest.h: kPieceSize elements) and blocks, reads them in any order on many
// threads, and shows every stage what it asked to see. Stages are written so that the cut cannot change the result:
// what they learn is gathered per piece and merged in order, and what they do to an element depends on that alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "wootz/core/result.h"
#include "wootz/core/shape.h"
#include "wootz/methods/params.h"

namespace wootz {

class MatrixLanes;  // methods/matrix_stage.h
class Team;         // linalg/team.h

/// How a stage looks at a tensor, finest first.
enum class Granularity {
  kElement,  ///< in blocks that are cut anywhere
  kRow,      ///< in blocks of whole rows: a row is all of one index of the first dimension (a 1-D tensor is one row)
  kMatrix,   ///< as whole matrices, in Stage::solve; what that finds is applied in blocks that are cut anywhere
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

/// What a stage needs for one tensor. The planner asks before it reads any tensor.
struct StageNeeds {
  Granularity granularity = Granularity::kElement;
  double passes = 0;         ///< readings of the lanes before the stage can be applied; samples count 0
  std::uint64_t memory = 0;  ///< bytes that the stage holds for this tensor, or for its whole scope, beside the blocks
  std::uint64_t thread_memory = 0;  ///< bytes more for each thread that works on a whole matrix
  /// Names of the extra data that it reads: one file beside each model ("gradient", "fisher", "gram").
  std::vector<std::string> companions = {};
};

/// Consecutive elements of one tensor, widened to double.
struct Block {
  std::uint64_t first = 0;         ///< flat index of the first element
  std::size_t size = 0;            ///< elements
  const double* base = nullptr;    ///< base values; null when the recipe has no base
  std::span<double* const> lanes;  ///< K arrays
};

/// The tensors that a stage serves: one, or all that a recipe merges. A view of the list that its maker keeps: list and
/// tensors outlive the stage.
class StageScope {
 public:
  StageScope() = default;
  explicit StageScope(std::span<const TensorContext* const> tensors) : tensors_(tensors) {}

  std::size_t size() const { return tensors_.size(); }
  bool empty() const { return tensors_.empty(); }
  const TensorContext& front() const { return *tensors_.front(); }
  const TensorContext& operator[](std::size_t tensor) const { return *tensors_[tensor]; }

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = TensorContext;
    using difference_type = std::ptrdiff_t;
    using pointer = const TensorContext*;
    using reference = const TensorContext&;
    Iterator() = default;
    explicit Iterator(const TensorContext* const* at) : at_(at) {}
    reference operator*() const { return **at_; }
    pointer operator->() const { return *at_; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++at_;
      return before;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const TensorContext* const* at_ = nullptr;
  };
  Iterator begin() const { return Iterator(tensors_.data()); }
  Iterator end() const { return Iterator(tensors_.data() + tensors_.size()); }

 private:
  std::span<const TensorContext* const> tensors_;
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
  virtual Result<> add(PieceState& state, std::size_t tensor, const Block& block) const = 0;
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

  /// The next pass to run, or null when there is none left. Called again after each completed pass; the pass belongs to
  /// the stage.
  virtual Result<Pass*> next_pass() { return nullptr; }
  /// The work on whole matrices, where the stage's needs say kMatrix: called once, after all passes. `lanes` are those
  /// of the only tensor of the scope, after all earlier stages. `team` divides the work; the result must not depend on
  /// its size.
  virtual Result<> solve(MatrixLanes& lanes, Team& team);
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
  virtual Result<> apply(std::size_t tensor, PieceState* state, const Block& block) const = 0;
};

/// Turns base and lanes into the merged values.
class Combination : public Stage {
 public:
  /// Writes block.size values; may use the lanes as scratch.
  virtual Result<> combine(std::size_t tensor, PieceState* state, const Block& block, double* out) const = 0;
};

}  // namespace wootz
