// A search's result as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "wootz/search/search.h"

namespace wootz {

/// docs/search.md describes it. `output` is the recipe that was written.
nlohmann::ordered_json search_json(const SearchResult& result, const std::string& output);

}  // namespace wootz
