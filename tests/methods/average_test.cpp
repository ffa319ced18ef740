#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

TEST(Average, MatchesOracle) {
  for (const std::size_t models : {1u, 2u, 3u, 7u})
    expect_matches_oracle("average", {}, models, [&](const TestTensor& tensor) {
      return oracle::linear(tensor.models, oracle::Vector(models, 1.0), true);
    });
}

}  // namespace
}  // namespace wootz::testing
