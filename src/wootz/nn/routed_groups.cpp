// Which samples share a merged weight.
#include <map>
#include <string_view>

#include "wootz/nn/kernel_tensors.h"
#include "wootz/nn/routed_tiles.h"
#include "wootz/nn/torch_headers.h"

namespace wootz::ops {

RoutedGroups single_groups(const at::Tensor& coefficients) {
  RoutedGroups groups;
  groups.coefficients = coefficients.t().contiguous();
  for (std::int64_t b = 0; b < coefficients.size(0); ++b) groups.members.push_back(b);
  groups.starts = groups.members;
  groups.starts.push_back(coefficients.size(0));
  return groups;
}

RoutedGroups equal_groups(const at::Tensor& coefficients) {
  const at::Tensor rows = coefficients.contiguous();
  const std::size_t bytes = static_cast<std::size_t>(rows.size(1)) * sizeof(float);
  std::map<std::string_view, std::size_t> seen;
  std::vector<std::vector<std::int64_t>> members;
  std::vector<std::int64_t> firsts;
  for (std::int64_t b = 0; b < rows.size(0); ++b) {
    const std::string_view row(static_cast<const char*>(at_offset(rows, b * rows.size(1))), bytes);
    const auto [at, is_new] = seen.emplace(row, members.size());
    if (is_new) {
      members.emplace_back();
      firsts.push_back(b);
    }
    members[at->second].push_back(b);
  }
  RoutedGroups groups;
  groups.coefficients = rows.index_select(0, at::tensor(firsts, at::kLong)).t().contiguous();
  for (const auto& group : members) {
    groups.starts.push_back(static_cast<std::int64_t>(groups.members.size()));
    groups.members.insert(groups.members.end(), group.begin(), group.end());
  }
  groups.starts.push_back(rows.size(0));
  return groups;
}

}  // namespace wootz::ops
