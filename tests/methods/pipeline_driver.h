// Runs methods on tensors in memory as the contract (methods/stage.h) lets an engine do it: any cut into blocks, any
// order of pieces, any sample. For tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "wootz/methods/registry.h"

namespace wootz::testing {

/// One tensor of a base and K models.
struct TestTensor {
  std::string name;
  Shape shape;
  std::vector<double> base;
  std::vector<std::vector<double>> models;
};

/// Values of parameters by name; one value stands for all models. Choices by index.
using Values = std::map<std::string, std::vector<double>>;

/// A transform of `task_vectors:`.
struct TransformUse {
  std::string name;
  Values values = {};
};

struct DriverOptions {
  std::size_t block = 1024;     ///< most elements of a block (at least a row where rows stay together)
  std::uint64_t piece = 65536;  ///< elements of a piece
  std::uint64_t shuffle = 0;    ///< order in which pieces are looked at: 0 is in order, others are permutations
  bool sample_front = false;    ///< samples are the first blocks instead of being spread evenly
  std::uint64_t seed = 0;
};

struct DriverResult {
  std::vector<std::vector<double>> outputs;             ///< by tensor
  std::map<std::string, std::vector<double>> facts;     ///< of tensor 0, by name
  std::vector<std::vector<std::vector<double>>> lanes;  ///< by tensor and lane: after the last transform
  std::size_t full_passes = 0;                          ///< looks at all elements of a scope
  std::size_t sampled_passes = 0;
};

/// Merges with a merge method of the built-in registry after some transforms.
DriverResult merge(const std::string& method, const Values& values, const std::vector<TestTensor>& tensors,
                   const DriverOptions& options = {}, const std::vector<TransformUse>& transforms = {});

/// The parameter values of a method for some models: what is given, else the default, else 1.
ParamSet make_params(const MethodSpec& spec, const Values& values, std::size_t models);

}  // namespace wootz::testing
