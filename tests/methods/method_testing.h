// Inputs and comparisons for tests of methods.
#pragma once

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

/// The task vectors of a tensor.
oracle::Vectors task_vectors(const TestTensor& tensor);

}  // namespace wootz::testing
