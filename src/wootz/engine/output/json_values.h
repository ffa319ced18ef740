// Internal to the engine: doubles as JSON values, in journal and manifest alike.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

namespace wootz {

/// JSON has no NaN or infinity; null stands for both.
inline nlohmann::ordered_json json_number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

inline nlohmann::ordered_json json_numbers(const std::vector<double>& values) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (double value : values) list.push_back(json_number(value));
  return list;
}

}  // namespace wootz
