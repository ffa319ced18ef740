// How help looks.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace wootz::cli {

/// Makes `app` and the sub-commands added to it later print help in our form.
void use_help_format(CLI::App& app);

}  // namespace wootz::cli
