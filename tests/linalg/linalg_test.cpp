// Against the definitions in float64 (oracle/linear_algebra.h), on matrices whose singular values fall over decades as
// those of task vectors do; and the same bytes for any team.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "oracle/linear_algebra.h"
#include "wootz/linalg/eigen.h"
#include "wootz/linalg/polar.h"
#include "wootz/linalg/products.h"
#include "wootz/linalg/singular.h"

namespace wootz {
namespace {

using Oracle = oracle::Matrix;

Oracle random_matrix(std::size_t rows, std::size_t columns, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Oracle made(rows, columns);
  for (double& value : made.values) value = static_cast<double>(static_cast<float>(normal(random)));
  return made;
}

/// Singular values that fall evenly over `decades`, of `rank` of them; stored in float32.
Oracle falling(std::size_t rows, std::size_t columns, double decades, std::size_t rank, unsigned seed) {
  const oracle::Svd frame = oracle::svd(random_matrix(rows, columns, seed));
  Oracle left = frame.left;
  for (std::size_t k = 0; k < left.columns; ++k) {
    const double value = k < rank ? std::pow(10.0, -decades * static_cast<double>(k) / static_cast<double>(rank)) : 0.0;
    for (std::size_t i = 0; i < rows; ++i) left.at(i, k) *= value;
  }
  Oracle made = left * transpose(frame.right);
  for (double& value : made.values) value = static_cast<double>(static_cast<float>(value));
  return made;
}

OwnedMatrix<float> floats(const Oracle& from) {
  OwnedMatrix<float> to(from.rows, from.columns);
  std::transform(from.values.begin(), from.values.end(), to.data(), [](double x) { return static_cast<float>(x); });
  return to;
}

template <typename T>
OwnedMatrix<T> square(const Oracle& a) {
  OwnedMatrix<T> made(a.rows, a.rows);
  for (std::size_t i = 0; i < a.values.size(); ++i) made.data()[i] = static_cast<T>(a.values[i]);
  return made;
}

template <typename T>
Oracle read(Matrix<const T> from) {
  Oracle to(from.rows, from.columns);
  for (std::size_t i = 0; i < from.rows; ++i)
    for (std::size_t j = 0; j < from.columns; ++j) to.at(i, j) = static_cast<double>(from.row(i)[j]);
  return to;
}
template <typename T>
Oracle read(const OwnedMatrix<T>& from) {
  return read(from.view());
}

double relative(const Oracle& found, const Oracle& expected) { return norm(found - expected) / norm(expected); }

template <typename T>
bool same_bytes(const OwnedMatrix<T>& a, const OwnedMatrix<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

TEST(Team, DoesEveryTaskOnceAndTellsTheFirstFailure) {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    Team team(threads);
    std::vector<int> done(100);
    ASSERT_TRUE(team.for_each(done.size(), [&](std::size_t i) -> Result<> {
      ++done[i];
      return {};
    }));
    EXPECT_EQ(done, std::vector<int>(100, 1));
    const Result<> failed = team.for_each(50, [&](std::size_t i) -> Result<> {
      if (i >= 3) return fail(ErrorKind::kFailed, "task {}", i);
      return {};
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "task 3");
  }
}

TEST(Team, TurnsALackOfMemoryIntoAnError) {
  Team team(2);
  const Result<> failed = team.for_each(4, [](std::size_t) -> Result<> { throw std::bad_alloc(); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "out of memory; close other programs, or allow less with --threads");
}

TEST(Products, AreRightForEveryTurnAndAnyTeam) {
  const Oracle a = random_matrix(500, 70, 1);
  const Oracle b = random_matrix(70, 400, 2);
  const Oracle expected = a * b;
  for (const bool turn_a : {false, true})
    for (const bool turn_b : {false, true}) {
      const OwnedMatrix<float> left = floats(turn_a ? transpose(a) : a);
      const OwnedMatrix<float> right = floats(turn_b ? transpose(b) : b);
      OwnedMatrix<float> one(500, 400), three(500, 400);
      Team alone(1), team(3);
      const auto multiply_into = [&](OwnedMatrix<float>& out, Team& with) {
        return multiply<float>({left.view(), turn_a}, {right.view(), turn_b}, 0.0F, out.view(), with);
      };
      ASSERT_TRUE(multiply_into(one, alone));
      ASSERT_TRUE(multiply_into(three, team));
      EXPECT_LT(relative(read(one), expected), 1e-6);
      EXPECT_TRUE(same_bytes(one, three));
    }
}

TEST(Products, AddToWhatIsThere) {
  const Oracle a = random_matrix(5, 7, 1);
  const Oracle b = random_matrix(7, 3, 2);
  OwnedMatrix<float> out = floats(random_matrix(5, 3, 3));
  Team team(1);
  ASSERT_TRUE(multiply<float>(plain(floats(a).view()), plain(floats(b).view()), 0.5F, out.view(), team));
  EXPECT_LT(relative(read(out), a * b + 0.5 * random_matrix(5, 3, 3)), 1e-6);
}

template <typename T>
void check_gram(double tolerance) {
  const Oracle a = random_matrix(430, 810, 4);
  const OwnedMatrix<float> m = floats(a);
  for (const Side side : {Side::kRows, Side::kColumns}) {
    Team alone(1), team(4);
    const auto one = gram_matrix<T>(m.view(), side, alone);
    const auto four = gram_matrix<T>(m.view(), side, team);
    ASSERT_TRUE(one && four);
    EXPECT_LT(relative(read(*one), side == Side::kRows ? a * transpose(a) : transpose(a) * a), tolerance);
    EXPECT_TRUE(same_bytes(*one, *four));
  }
}
TEST(Products, GramMatricesAreRightInFloat) { check_gram<float>(1e-6); }
TEST(Products, GramMatricesAreRightInDouble) { check_gram<double>(1e-14); }

TEST(Products, InPlaceAreThoseBesideIt) {
  const Oracle a = random_matrix(500, 40, 5);
  const Oracle map = random_matrix(40, 40, 6);
  Team team(2);
  OwnedMatrix<float> tall = floats(a);
  ASSERT_TRUE(multiply_in_place(tall.view(), Side::kColumns, square<double>(map).view(), team));
  EXPECT_LT(relative(read(tall), a * map), 1e-6);
  OwnedMatrix<float> wide = floats(transpose(a));
  ASSERT_TRUE(multiply_in_place(wide.view(), Side::kRows, square<double>(map).view(), team));
  EXPECT_LT(relative(read(wide), map * transpose(a)), 1e-6);
}

template <typename T>
void check_eigen(double tolerance) {
  const Oracle half = random_matrix(60, 60, 7);
  const Oracle a = half + transpose(half);
  const oracle::Eigen expected = oracle::symmetric_eigen(a);
  const auto all = symmetric_eigen(square<T>(a));
  const auto leading = leading_eigen<T>(square<T>(a), [](std::span<const T> values) -> std::size_t {
    EXPECT_EQ(values.size(), 60u);
    return static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [](T x) { return x > 5; }));
  });
  ASSERT_TRUE(all && leading);
  const std::size_t count = leading->vectors.rows();
  EXPECT_GT(count, 3u);
  EXPECT_EQ(all->vectors.rows(), 60u);
  for (std::size_t i = 0; i < 60; ++i) {
    EXPECT_NEAR(static_cast<double>(all->values[i]), expected.values[i], tolerance);
    EXPECT_NEAR(static_cast<double>(leading->values[i]), expected.values[i], tolerance);
  }
  for (const OwnedMatrix<T>* vectors : {&all->vectors, &leading->vectors}) {
    for (std::size_t i = 0; i < count; ++i) {
      const T* const row = vectors->view().row(i);
      double product = 0.0;
      for (std::size_t j = 0; j < 60; ++j) product += row[j] * expected.vectors.at(j, i);
      EXPECT_NEAR(std::abs(product), 1.0, tolerance);
      EXPECT_GT(*std::max_element(row, row + 60, [](T x, T y) { return std::abs(x) < std::abs(y); }), 0);
    }
  }
}
TEST(Eigen, IsRightInFloat) { check_eigen<float>(1e-4); }
TEST(Eigen, IsRightInDouble) { check_eigen<double>(1e-12); }

TEST(Eigen, OfWhatIsNoNumberIsAnError) {
  Oracle a = random_matrix(5, 5, 1);
  a.at(3, 1) = std::numeric_limits<double>::quiet_NaN();
  const auto found = symmetric_eigen(square<double>(a));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message.find("a matrix holds NaN or infinity"), 0u) << found.error().message;
  EXPECT_FALSE(leading_eigen<double>(square<double>(a), [](std::span<const double>) { return 2; }));
}

TEST(Eigen, OfNothingIsNothing) {
  const auto found = symmetric_eigen(OwnedMatrix<double>(0, 0));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->values.empty());
}

struct Shape {
  std::size_t rows, columns;
};
constexpr Shape kShapes[] = {{60, 60}, {90, 40}, {40, 90}, {1, 30}};

TEST(Singular, LeadingPartIsRight) {
  for (const auto& [rows, columns] : kShapes) {
    const std::size_t r = std::min(rows, columns), count = (r + 2) / 3;
    const Oracle a = falling(rows, columns, 4.0, r, 8);
    Team team(2);
    const OwnedMatrix<float> m = floats(a);
    const auto found = leading_singular(m.view(), count, team);
    ASSERT_TRUE(found);
    const oracle::Svd expected = oracle::svd(a);
    Oracle left = transpose(read(found->left));
    for (std::size_t k = 0; k < count; ++k) {
      EXPECT_NEAR(found->values[k], expected.values[k], 1e-6 * expected.values[0]);
      for (std::size_t i = 0; i < rows; ++i) left.at(i, k) *= static_cast<double>(found->values[k]);
    }
    const Oracle part = compose(expected, count, 0.0, [](double s) { return s; });
    EXPECT_LT(relative(left * read(found->right), part), 1e-5) << rows << " x " << columns;
  }
}

TEST(Singular, IsTheSameOnManyThreadsAtOnce) {
  const OwnedMatrix<float> m = floats(random_matrix(220, 200, 13));
  Team alone(1), many(4);
  const auto expected = leading_singular(m.view(), 30, alone);
  ASSERT_TRUE(expected);
  std::atomic<int> different = 0;
  ASSERT_TRUE(many.for_each(24, [&](std::size_t) -> Result<> {
    Team own(1);
    WOOTZ_TRY(const SingularTriplets found, leading_singular(m.view(), 30, own));
    if (!same_bytes(found.left, expected->left) || !same_bytes(found.right, expected->right)) ++different;
    return {};
  }));
  EXPECT_EQ(different, 0);
}

TEST(Singular, DirectionsThatAreNotThereAreZero) {
  const Oracle a = falling(30, 20, 1.0, 4, 9);
  Team team(1);
  const auto found = leading_singular(floats(a).view(), 10, team);
  ASSERT_TRUE(found);
  EXPECT_GT(found->values[3], 0.0F);
  for (const float value : found->values) EXPECT_TRUE(std::isfinite(value));
  for (std::size_t i = 0; i < found->left.size(); ++i) EXPECT_TRUE(std::isfinite(found->left.data()[i]));
  const auto zero = leading_singular(floats(Oracle(6, 5)).view(), 3, team);
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->values, std::vector<float>(3));
  EXPECT_EQ(norm(read(zero->left)) + norm(read(zero->right)), 0.0);
}

TEST(Polar, FactorIsRightWhateverTheShapeAndTheSpectrum) {
  for (const auto& [rows, columns] : kShapes)
    for (const double decades : {0.0, 2.0, 4.0}) {
      const std::size_t r = std::min(rows, columns);
      const Oracle a = falling(rows, columns, decades, r, 10);
      OwnedMatrix<float> m = floats(a), again = floats(a);
      Team alone(1), team(3);
      const auto factor = polar_factor(m.view(), alone);
      ASSERT_TRUE(factor);
      ASSERT_TRUE(polar_factor(again.view(), team));
      EXPECT_TRUE(same_bytes(m, again));
      double nuclear_norm = 0.0;
      for (const double value : oracle::svd(a).values) nuclear_norm += value;
      EXPECT_NEAR(factor->nuclear_norm, nuclear_norm, 1e-6 * nuclear_norm);
      EXPECT_EQ(factor->rank, r);
      EXPECT_LT(relative(read(m), oracle::polar(a)), 1e-6) << rows << " x " << columns << ", " << decades << " decades";
    }
}

TEST(Polar, DirectionsThatAreNotThereStayZero) {
  const Oracle a = falling(50, 40, 1.0, 7, 11);
  OwnedMatrix<float> m = floats(a);
  Team team(1);
  const auto factor = polar_factor(m.view(), team);
  ASSERT_TRUE(factor);
  EXPECT_EQ(factor->rank, 7u);
  EXPECT_LT(relative(read(m), oracle::polar(a)), 1e-4);
  OwnedMatrix<float> zero = floats(Oracle(7, 9));
  ASSERT_TRUE(polar_factor(zero.view(), team));
  EXPECT_EQ(norm(read(zero)), 0.0);
}

TEST(Polar, MapMakesTheFactorOfTheMatrix) {
  const Oracle a = falling(30, 50, 2.0, 30, 12);
  Team team(2);
  const auto found = polar_map(floats(a).view(), team);
  ASSERT_TRUE(found);
  EXPECT_LT(relative(read(found->map) * a, oracle::polar(a)), 1e-5);
}

TEST(Polar, OfNumbersTooSmallToInvertInFloatIsRight) {
  const Oracle a = random_matrix(6, 9, 14);
  OwnedMatrix<float> small = floats(a);
  scale(small.view(), 0x1p-130);
  const Oracle expected = oracle::polar(0x1p130 * read(small));
  Team team(1);
  ASSERT_TRUE(polar_factor(small.view(), team));
  EXPECT_LT(relative(read(small), expected), 1e-4);
}

TEST(Polar, OfWhatIsNoNumberIsAnError) {
  OwnedMatrix<float> m = floats(random_matrix(4, 6, 1));
  m.data()[5] = std::numeric_limits<float>::infinity();
  Team team(1);
  EXPECT_FALSE(polar_factor(m.view(), team));
}

}  // namespace
}  // namespace wootz
