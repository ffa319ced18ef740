#include "wootz/engine/inspect/inspection_groups.h"

#include <algorithm>
#include <map>

#include "wootz/core/shape.h"

namespace wootz {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Cuts the leading run of digits off, without leading zeros.
std::string_view take_number(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

void add(InspectedGroup& group, const InspectedTensor& tensor) {
  const std::uint64_t elements = num_elements(tensor.shape).value_or(0);
  ++group.tensors;
  group.elements += elements;
  group.bytes += elements * item_size(tensor.dtype);
  if (!tensor.compared) return;
  ++group.compared;
  group.statistics.add(tensor.statistics);
}

}  // namespace

std::string_view layer_of(std::string_view tensor) {
  for (std::size_t begin = 0; begin < tensor.size();) {
    const std::size_t end = std::min(tensor.find('.', begin), tensor.size());
    const std::string_view part = tensor.substr(begin, end - begin);
    if (!part.empty() && std::all_of(part.begin(), part.end(), is_digit)) return tensor.substr(0, end);
    begin = end + 1;
  }
  return tensor.substr(0, tensor.rfind('.'));
}

bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const std::string_view x = take_number(a);
      const std::string_view y = take_number(b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      continue;
    }
    if (a.front() != b.front()) return a.front() < b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

std::vector<InspectedGroup> layers_of(const Inspection& inspection) {
  std::map<std::string_view, InspectedGroup, bool (*)(std::string_view, std::string_view)> layers(natural_less);
  for (const InspectedTensor& tensor : inspection.tensors) add(layers[layer_of(tensor.name)], tensor);
  std::vector<InspectedGroup> groups;
  for (auto& [name, group] : layers) {
    group.name = name;
    groups.push_back(std::move(group));
  }
  return groups;
}

InspectedGroup total_of(const Inspection& inspection) {
  InspectedGroup total;
  total.name = "total";
  for (const InspectedTensor& tensor : inspection.tensors) add(total, tensor);
  return total;
}

}  // namespace wootz
