// From main to the exit code, for every program.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "wootz/core/result.h"

namespace wootz::cli {

/// Runs `work` on the arguments (the program's name first), prints its error, and returns the exit code.
int run_program(int count, char** arguments, const std::function<Result<int>(std::vector<std::string>)>& work);

}  // namespace wootz::cli
