// Which oracle belongs to which method. A file of library/ registers those of a method, or of a family: the build finds
// it, and calls `register_<its name>`.
#pragma once

#include <functional>
#include <map>

#include "oracle/oracle.h"
#include "wootz/core/shape.h"
#include "wootz/methods/params.h"

namespace wootz::oracle {

/// One tensor on its way through a pipeline.
struct Tensor {
  std::string name;
  Shape shape;
  std::size_t row_size = 0;
  Vector base;
  Vectors lanes;  ///< task vectors, or the models' values for a method on these
};

/// What a stage of a pipeline is given.
struct Stage {
  std::vector<Tensor> tensors;
  ParamSet params;
  std::uint64_t seed = 0;
  std::uint64_t number = 0;  ///< place in the pipeline

  std::size_t models() const { return tensors.front().lanes.size(); }
  /// The random stream of a model in this stage.
  std::uint64_t stream(std::size_t model) const { return number << 32 | model; }
};

/// Rewrites the lanes.
using TransformOracle = std::function<void(Stage&)>;
/// The merged values of every tensor. May rewrite the lanes.
using MergeOracle = std::function<Vectors(Stage&)>;

class Oracles {
 public:
  /// Requires: none of that name yet. `stages` is the number of stages that the transform takes in a pipeline.
  void transform(const std::string& name, TransformOracle oracle, std::size_t stages = 1);
  void merge(const std::string& name, MergeOracle oracle);

  struct Transform {
    TransformOracle run;
    std::size_t stages = 1;
  };
  /// nullptr when there is none.
  const Transform* find_transform(const std::string& name) const;
  const MergeOracle* find_merge(const std::string& name) const;

 private:
  std::map<std::string, Transform> transforms_;
  std::map<std::string, MergeOracle> merges_;
};

/// All oracles of library/.
const Oracles& oracles();

/// Rewrites lanes scope by scope: those of one tensor, or with `scope: model` those of all tensors in a row.
void for_each_scope(Stage& stage, const std::function<void(Vectors& lanes)>& rewrite);

/// The models of a tensor whose lanes are task vectors: base + lane.
Vectors models_of(const Tensor& tensor);

/// An oracle of merged values that works on one tensor at a time.
MergeOracle by_tensor(std::function<Vector(const Stage& stage, const Tensor& tensor)> merge);

}  // namespace wootz::oracle

namespace wootz {
/// Generated: calls every register_<stem>.
void register_oracles(oracle::Oracles& table);
}  // namespace wootz
