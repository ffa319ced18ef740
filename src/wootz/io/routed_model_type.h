// The `model_type` of a model with routed modules (docs/formats/routed_model.md), which is no plain checkpoint.
#pragma once

namespace wootz {

inline constexpr const char* kRoutedModelType = "wootz_routed";

}  // namespace wootz
