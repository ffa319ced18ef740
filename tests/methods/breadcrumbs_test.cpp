#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

struct Case {
  double density;
  double gamma;
};

TEST(Breadcrumbs, SmallTensorsAreNotEmptied) {
  // mergekit zeroes the task vector where gamma * n < 1.
  const TestTensor tensor{"w", {4}, {0.0, 0.0, 0.0, 0.0}, {{4.0, 3.0, 2.0, 1.0}}};
  EXPECT_EQ(merge("breadcrumbs", {{"density", {0.5}}}, {tensor}).outputs[0], (std::vector{4.0, 3.0, 0.0, 0.0}));
  EXPECT_EQ(merge("breadcrumbs", {{"density", {0.5}}, {"gamma", {0.25}}}, {tensor}).outputs[0],
            (std::vector{0.0, 3.0, 2.0, 0.0}));
}

TEST(Breadcrumbs, WindowIsExactWhenEqualMagnitudesSpanPieces) {
  // Every magnitude occurs many times in every piece, so that quotas at both edges run over pieces.
  TestTensor tensor{"w", {200000}, oracle::Vector(200000), {oracle::Vector(200000)}};
  for (std::size_t i = 0; i < 200000; ++i)
    tensor.models[0][i] = static_cast<double>(1 + i * 7919 % 5) * (i % 2 == 0 ? 1.0 : -1.0);
  for (const auto& [density, gamma] : {Case{0.5, 0.25}, Case{0.1, 0.25}, Case{0.55, 0.0}, Case{0.05, 0.85}}) {
    const DriverResult result = merge("breadcrumbs", {{"density", {density}}, {"gamma", {gamma}}}, {tensor});
    EXPECT_EQ(result.lanes[0][0], oracle::breadcrumbs(tensor.models[0], density, gamma)) << density << " " << gamma;
  }
}

}  // namespace
}  // namespace wootz::testing
