// Internal to data: the generated list of formats (cmake/RegistrationTable.cmake).
#pragma once

#include <vector>

#include "wootz/data/dataset.h"

namespace wootz {

using FormatTable = std::vector<DataFormat>;

void register_data_formats(FormatTable& table);

}  // namespace wootz
