// Parameters that several methods share, named and meant as mergekit's.
#pragma once

#include "wootz/methods/method.h"

namespace wootz {

ParamSpec weight_param();                  ///< per model, required
ParamSpec adding_weight_param();           ///< the same, of a plain sum: Effect::kAdds without `normalize`
ParamSpec density_param(double fallback);  ///< per model
ParamSpec normalize_param(bool fallback);
ParamSpec rescale_param(bool fallback);            ///< L1 before / L1 after
ParamSpec lambda_param();                          ///< a factor: Effect::kScales
ParamSpec int8_mask_param();                       ///< without effect
ParamSpec gamma_param();                           ///< per model
ParamSpec epsilon_param();                         ///< per model
ParamSpec scope_param(std::string_view fallback);  ///< tensor or model

/// The same parameter with one value for all models.
ParamSpec global(ParamSpec param);

}  // namespace wootz
