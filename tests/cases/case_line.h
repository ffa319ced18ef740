// A case of the table in lines/: one line of text that says which method is run, with which parameters, and on what.
//
//   trim density=0.2 scope=model > ties weight=0.5,1,0.8 normalize=false : dtypes=BF16 shapes=37x53,260x257 data=coarse
//
// Before the colon stands the pipeline: transforms of task vectors, each followed by ">", and the merge method.
// Parameters are written as in a recipe; values with commas between them are one a model. After the colon stand
// options:
//
//   models=K       models beside the base; by default as many as a parameter has values, or else 3
//   shapes=AxB,..  of the tensors, "-" for a scalar; by default from none to several pieces (kAllShapes)
//   dtypes=A,B     of the models, one run each; by default F32, F16 and BF16
//   data=NAME      how the values are distributed (case_data.h); by default near
//   seed=N         of the recipe; by default 0
//   ulps=N         how far the oracle may be, in units in the last place of the dtype; by default 1
//   error=X        how far the oracle may be beyond that, as a share of the tensor's largest change; by default 0
//   target=X       for bench/merge_bench.py (lines/speed.txt): times a plain copy of the same bytes, at most
//
// Lines that are empty or begin with # are not cases.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wootz/core/dtype.h"
#include "wootz/core/result.h"
#include "wootz/core/shape.h"
#include "wootz/methods/method.h"

namespace wootz::cases {

/// A method or transform with what a recipe says of its parameters, as text.
struct Use {
  std::string name;
  std::vector<std::pair<std::string, std::vector<std::string>>> parameters = {};  ///< one value, or one a model

  /// Sets a parameter, whether or not the line names it.
  void set(const std::string& parameter, std::vector<std::string> values);
};

struct Case {
  std::string line;  ///< what was parsed
  std::vector<Use> transforms;
  Use method;
  std::size_t models = 0;
  std::vector<Shape> shapes;
  std::vector<Dtype> dtypes;
  std::string data = "near";
  std::uint64_t seed = 0;
  int ulps = 1;
  double error = 0.0;
};

/// From no element to several pieces, and rows of every length.
extern const std::vector<Shape> kAllShapes;

/// Fails (kUsage) on anything but a case, naming what is wrong with it. Methods and parameters are checked too.
Result<Case> parse_case(std::string_view line);

/// The cases of a file; errors name its line.
Result<std::vector<Case>> read_cases(const std::string& path);

/// The numbers of the parameters that a use names, as methods/params.h has them: flags 0 or 1, choices by index.
std::map<std::string, std::vector<double>> numbers_of(const MethodSpec& spec, const Use& use);

/// The recipe of a case, for a base "base" and models "m0", "m1" .. in the recipe's folder. `extra` are more lines.
std::string recipe_of(const Case& one, const std::string& extra = "");

}  // namespace wootz::cases
