// Stages that work on whole matrices: the subspace methods. A method of this kind is one function, from the lanes of a
// matrix to their merged update; or, before other methods, to K lanes whose sum that update is.
#pragma once

#include "wootz/linalg/matrix.h"
#include "wootz/linalg/team.h"
#include "wootz/methods/method.h"

namespace wootz {

/// The lanes of one tensor as float32 matrices [rows, columns], read on demand.
class MatrixLanes {
 public:
  MatrixLanes(std::size_t size, std::size_t rows, std::size_t columns) : size_(size), rows_(rows), columns_(columns) {}
  virtual ~MatrixLanes() = default;

  std::size_t size() const { return size_; }
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }

  /// Writes a lane to `out`, [rows, columns] without gaps. A reading of the lane.
  virtual Result<> read(std::size_t lane, Matrix<float> out) = 0;
  /// Writes the sum of all lanes, added up in double, to `out`. A reading of all lanes.
  virtual Result<> sum(Matrix<float> out) = 0;

 private:
  std::size_t size_;
  std::size_t rows_;
  std::size_t columns_;
};

/// How a subspace method merges one matrix.
struct MatrixMethod {
  /// Readings of all lanes that `merge` takes.
  double passes = 1;
  /// What `merge` holds beside `outputs` matrices `out` (1 or K), at most.
  std::function<TeamMemory(const TensorContext& tensor, std::size_t outputs)> memory;
  /// Fills `out`: one matrix with the update, or one a lane; those add up to the update.
  std::function<Result<>(MatrixLanes& lanes, const ParamSet& params, std::span<const Matrix<float>> out, Team& team)>
      merge;
};

/// Whether subspace methods work on a tensor: a matrix that maps activations to activations. Embeddings and heads are
/// none, though they have two dimensions: their rows stand for words, places or classes.
bool is_linear_map(const TensorContext& tensor);

/// theta_0 + lambda * update. Of tensors that are no linear maps the update is the mean of the lanes. Parameter:
/// lambda.
CombinationSpec matrix_combination(MatrixMethod method);

/// Rewrites the lanes so that they add up to the update; of tensors that are no linear maps, divides them by K.
TransformSpec matrix_transform(MatrixMethod method);

}  // namespace wootz
