// A search's result for people.
#pragma once

#include <string>

#include "wootz/search/search.h"

namespace wootz::cli {

/// A row a candidate, a column a task, '*' at the best one; then its values.
std::string search_text(const SearchResult& result);

}  // namespace wootz::cli
