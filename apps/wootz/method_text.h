// What a method declares, in words.
#pragma once

#include <string>

#include "wootz/methods/method.h"

namespace wootz::cli {

/// "number", "integer", "true or false", "choice"
std::string param_type_name(const ParamSpec& param);

/// The type with its range or choices: "number, 0 to 1", "tensor or model".
std::string param_values_text(const ParamSpec& param);

/// "0.3", "true", "model", "required"
std::string default_text(const ParamSpec& param);

/// What it takes to use it, in sentences: models, base, randomness, order.
std::string needs_text(const MethodSpec& method);

}  // namespace wootz::cli
