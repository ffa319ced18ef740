#include <array>

#include "wootz/adapt/adamerging.h"
#include "wootz/adapt/wemoe.h"
#include "wootz/core/check.h"

namespace wootz {

Result<std::unique_ptr<Adapter>> make_adapter(FileSystem& files, const AdapterInputs& inputs) {
  struct Entry {
    std::string_view method;
    Result<std::unique_ptr<Adapter>> (*make)(FileSystem&, const AdapterInputs&);
  };
  constexpr std::array<Entry, 2> kAdapters = {{{"adamerging", make_adamerging}, {"wemoe", make_wemoe}}};
  for (const Entry& entry : kAdapters)
    if (entry.method == inputs.plan->recipe.method->name) return entry.make(files, inputs);
  WOOTZ_CHECK(false);  // every method that learns has its adapter
  return nullptr;
}

}  // namespace wootz
