// Inputs and comparisons for tests of methods.
#pragma once

#include <functional>

#include "methods/pipeline_driver.h"
#include "oracle/oracle.h"
#include "wootz/core/dtype.h"

namespace wootz::testing {

/// Rounded to a stored dtype and back.
double rounded(Dtype dtype, double value);

/// A base of random values and models near it, all representable in the dtype. Same arguments, same tensor.
TestTensor random_tensor(const std::string& name, const Shape& shape, std::size_t models, Dtype dtype,
                         std::uint64_t seed = 1, double delta_scale = 0.01);

/// Fails where, rounded to the dtype, values are more than `ulps` apart (in units in the last place of the dtype).
void expect_near_ulp(Dtype dtype, const std::vector<double>& actual, const std::vector<double>& expected, int ulps = 1);

/// What a method should give for a tensor.
using Oracle = std::function<oracle::Vector(const TestTensor&)>;

/// Compares a merge method with its oracle at F32, F16 and BF16, within 1 ulp of the dtype, on shapes from none to
/// several pieces.
void expect_matches_oracle(const std::string& method, const Values& values, std::size_t models, const Oracle& expected,
                           const DriverOptions& options = {}, const std::vector<TransformUse>& transforms = {});

/// The task vectors of a tensor.
oracle::Vectors task_vectors(const TestTensor& tensor);

/// The same change to every task vector; k counts models.
using LaneMap = std::function<oracle::Vector(const oracle::Vector& tau, std::size_t k)>;
oracle::Vectors map_task_vectors(const TestTensor& tensor, const LaneMap& map);

/// Elements of a row, as TensorContext counts them.
std::size_t row_size(const TestTensor& tensor);

}  // namespace wootz::testing
