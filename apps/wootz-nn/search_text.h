// A search's result for people and for programs.
#pragma once

#include <string>

#include "json_output.h"
#include "wootz/search/search.h"

namespace wootz::cli {

/// A row a candidate, a column a task, '*' at the best one; then its values.
std::string search_text(const SearchResult& result);

/// docs/search.md describes it.
Json search_json(const SearchResult& result, const std::string& output);

}  // namespace wootz::cli
