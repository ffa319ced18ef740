// The models that a case is run on: values drawn by name, the same for the same case.
#pragma once

#include <string>
#include <vector>

#include "cases/case_line.h"

namespace wootz::cases {

/// One tensor of the base and of all models. Values can be stored exactly in the dtype they were made for.
struct CaseTensor {
  std::string name;
  Shape shape;
  std::vector<double> base;
  std::vector<std::vector<double>> models;

  /// As wootz::TensorContext counts them: a row is all of one index of the first dimension.
  std::size_t row_size() const;
};

/// Distributions, by the name that a line gives them:
///   near       models that differ from the base by a tenth of its size, as fine-tuned ones do
///   far        models whose difference is as large as the base
///   uneven     near, but some tensors change ten times as much as others
///   coarse     few different magnitudes, so that many are equal
///   alike      every third value is the same in all models
///   entangled  models that share a direction
bool is_data(const std::string& name);

/// A tensor for every shape of the case, named "layers.<i>.weight".
std::vector<CaseTensor> make_data(const Case& one, Dtype dtype);

/// Rounded to a stored dtype and back.
double rounded(Dtype dtype, double value);

/// How many values of the dtype lie between two numbers, which are rounded to it first. 0 for two NaN.
std::int64_t ulps_between(Dtype dtype, double a, double b);

}  // namespace wootz::cases
