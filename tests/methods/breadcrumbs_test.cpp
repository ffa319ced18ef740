#include <gtest/gtest.h>

#include "methods/method_testing.h"

namespace wootz::testing {
namespace {

struct Case {
  double density;
  double gamma;
};
const std::vector<Case> kCases{{0.9, 0.01}, {0.3, 0.2}, {0.5, 0.0}, {0.95, 0.3}, {1.0, 0.1}, {0.0, 0.1}};
const oracle::Vector kWeights{0.6, 0.4};

void expect_breadcrumbs(const std::string& method, bool consensus) {
  for (const auto& [density, gamma] : kCases)
    expect_matches_oracle(method, {{"weight", kWeights}, {"density", {density}}, {"gamma", {gamma}}}, 2,
                          [&, density = density, gamma = gamma](const TestTensor& tensor) {
                            const auto tau = map_task_vectors(tensor, [&](const oracle::Vector& x, std::size_t) {
                              return oracle::breadcrumbs(x, density, gamma);
                            });
                            return oracle::task_arithmetic(tensor.base, tau, kWeights, consensus, false, 1.0);
                          });
}

TEST(Breadcrumbs, MatchesOracle) { expect_breadcrumbs("breadcrumbs", false); }
TEST(BreadcrumbsTies, MatchesOracle) { expect_breadcrumbs("breadcrumbs_ties", true); }

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
