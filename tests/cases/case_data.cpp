#include "cases/case_data.h"

#include <bit>
#include <cmath>
#include <map>
#include <random>

#include "wootz/core/half.h"

namespace wootz::cases {
namespace {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}
  /// A bell curve between -3 and 3, of variance 1.
  double bell() { return uniform() + uniform() + uniform(); }

 private:
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-52 - 1.0; }
  std::mt19937_64 random_;
};

/// What a model differs by from the base at element i of a tensor.
using Change = double (*)(Draws& draws, std::size_t tensor, std::size_t model, std::size_t i);

double near(Draws& draws, std::size_t, std::size_t, std::size_t) { return 0.01 * draws.bell(); }
double far(Draws& draws, std::size_t, std::size_t, std::size_t) { return 0.2 * draws.bell(); }
double uneven(Draws& draws, std::size_t tensor, std::size_t, std::size_t) {
  return (tensor % 3 == 0 ? 0.02 : 0.002) * draws.bell();
}
double coarse(Draws& draws, std::size_t, std::size_t, std::size_t) { return std::round(3.0 * draws.bell()) / 64.0; }
double entangled(Draws& draws, std::size_t, std::size_t, std::size_t i) {
  return 0.01 * draws.bell() + 0.02 * std::sin(static_cast<double>(i));
}

const std::map<std::string, Change> kChanges{{"near", near},     {"far", far},    {"uneven", uneven},
                                             {"coarse", coarse}, {"alike", near}, {"entangled", entangled}};

/// The dtype's values numbered in order; neighbours differ by 1.
std::int64_t ordinal(Dtype dtype, double value) {
  std::uint64_t bits = 0;
  std::uint64_t sign = std::uint64_t{1} << 15;
  switch (dtype) {
    case Dtype::kF64:
      bits = std::bit_cast<std::uint64_t>(value);
      sign = std::uint64_t{1} << 63;
      break;
    case Dtype::kF32:
      bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
      sign = std::uint64_t{1} << 31;
      break;
    case Dtype::kF16:
      bits = double_to_f16(value);
      break;
    default:
      bits = double_to_bf16(value);
  }
  const auto magnitude = static_cast<std::int64_t>(bits & (sign - 1));
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

}  // namespace

std::size_t CaseTensor::row_size() const {
  if (shape.size() < 2) return base.size();
  return shape[0] == 0 ? 0 : base.size() / shape[0];
}

bool is_data(const std::string& name) { return kChanges.contains(name); }

std::vector<CaseTensor> make_data(const Case& one, Dtype dtype) {
  const Change change = kChanges.at(one.data);
  const double scale = one.data == "coarse" ? 0.0 : 0.1;  // sums with a base would round the few magnitudes apart
  std::vector<CaseTensor> tensors;
  for (std::size_t t = 0; t < one.shapes.size(); ++t) {
    Draws draws(7 + t);
    CaseTensor& tensor = tensors.emplace_back(fmt::format("layers.{}.weight", t), one.shapes[t]);
    const std::uint64_t size = *num_elements(tensor.shape);
    for (std::uint64_t i = 0; i < size; ++i) tensor.base.push_back(rounded(dtype, scale * draws.bell()));
    for (std::size_t k = 0; k < one.models; ++k) {
      auto& model = tensor.models.emplace_back();
      for (std::uint64_t i = 0; i < size; ++i) {
        const double value = rounded(dtype, tensor.base[i] + change(draws, t, k, i));
        model.push_back(one.data == "alike" && i % 3 == 0 && k > 0 ? tensor.models[0][i] : value);
      }
    }
  }
  return tensors;
}

double rounded(Dtype dtype, double value) {
  switch (dtype) {
    case Dtype::kF16:
      return f16_to_double(double_to_f16(value));
    case Dtype::kBF16:
      return bf16_to_double(double_to_bf16(value));
    case Dtype::kF32:
      return static_cast<double>(static_cast<float>(value));
    default:
      return value;
  }
}

std::int64_t ulps_between(Dtype dtype, double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return 0;
  if (std::isnan(a) != std::isnan(b)) return INT64_MAX;
  return std::abs(ordinal(dtype, a) - ordinal(dtype, b));
}

}  // namespace wootz::cases
