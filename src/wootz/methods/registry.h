// All methods, by kind and name.
#pragma once

#include <string_view>
#include <vector>

#include "wootz/methods/method.h"

namespace wootz {

class Registry {
 public:
  /// Requires: no method of that kind and name yet.
  void add(MethodSpec spec);

  /// nullptr when there is none. The pointer is valid as long as the registry.
  const MethodSpec* find(MethodKind kind, std::string_view name) const;
  /// Sorted by name.
  std::vector<const MethodSpec*> all(MethodKind kind) const;
  std::vector<std::string> names(MethodKind kind) const;

 private:
  std::vector<std::unique_ptr<MethodSpec>> specs_;
};

/// The methods of methods/library (one file each; the build makes the table).
const Registry& builtin_methods();

}  // namespace wootz
