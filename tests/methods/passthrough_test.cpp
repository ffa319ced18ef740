#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

TEST(Passthrough, KeepsValuesExactly) {
  const TestTensor tensor = random_tensor("w", {70001}, 1, Dtype::kF32);
  EXPECT_EQ(merge("passthrough", {}, {tensor}).outputs[0], tensor.models[0]);
}

}  // namespace
}  // namespace wootz::testing
