// share/modeling_wootz.py, with which transformers loads a routed model.
#pragma once

#include <string_view>

namespace wootz {

std::string_view modeling_file();

}  // namespace wootz
