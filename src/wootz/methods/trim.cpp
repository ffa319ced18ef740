#include <algorithm>
#include <cmath>

#include "wootz/kernels/kernels.h"
#include "wootz/methods/selection.h"
#include "wootz/methods/sparsify.h"

namespace wootz {
namespace {

struct WindowState : PieceState {
  std::vector<kernels::Window> windows;
};

/// Keeps one window of the magnitude order of each lane.
class KeepWindow : public Transform {
 public:
  KeepWindow(StageScope scope, std::function<KeepRange(std::size_t, std::uint64_t)> keep)
      : lanes_(scope.empty() ? 0 : scope.front().models), selector_(scope, {lane_values, lanes_, std::move(keep)}) {}

  Result<Pass*> next_pass() override { return selector_.next_pass(); }

  std::unique_ptr<PieceState> begin_piece(std::size_t tensor, std::uint64_t piece) const override {
    auto state = std::make_unique<WindowState>();
    for (std::size_t k = 0; k < lanes_; ++k) state->windows.push_back(selector_.window(k, tensor, piece));
    return state;
  }

  Result<> apply(std::size_t /*tensor*/, PieceState* state, const Block& block) const override {
    auto& windows = static_cast<WindowState&>(*state).windows;
    for (std::size_t k = 0; k < lanes_; ++k)
      if (!selector_.keeps_all(k)) kernels::keep_window(block.lanes[k], block.size, windows[k]);
    return {};
  }

  std::vector<Fact> facts(std::size_t tensor) const override {
    Fact fact{"lowest_kept_magnitude", {}};
    for (std::size_t k = 0; k < lanes_; ++k) fact.values.push_back(selector_.lowest_kept(k));
    return tensor == 0 ? std::vector<Fact>{fact} : std::vector<Fact>{};
  }

 private:
  std::size_t lanes_;
  Selector selector_;
};

/// floor(share * size), summed over the scope's tensors. With one share for all it is floor(share * total).
std::uint64_t share_of_scope(StageScope scope, std::string_view name, std::size_t lane) {
  const double share = scope.front().params.of_model(name, lane);
  const bool same = std::all_of(scope.begin(), scope.end(), [&](const TensorContext& tensor) {
    return tensor.params.of_model(name, lane) == share;
  });
  double wanted = 0.0;
  std::uint64_t total = 0;
  for (const TensorContext& tensor : scope) {
    wanted += tensor.params.of_model(name, lane) * static_cast<double>(tensor.size);
    total += tensor.size;
  }
  if (same) wanted = share * static_cast<double>(total);
  return std::min(total, static_cast<std::uint64_t>(wanted));
}

/// How many entries of a lane stay: a density above 0 never empties a whole scope.
std::uint64_t entries_to_keep(StageScope scope, std::size_t lane) {
  const bool any = std::any_of(scope.begin(), scope.end(), [&](const TensorContext& tensor) {
    return tensor.size > 0 && tensor.params.of_model("density", lane) > 0.0;
  });
  return std::max<std::uint64_t>(any ? 1 : 0, share_of_scope(scope, "density", lane));
}

// The lanes are the series.
StageNeeds lane_selection_needs(const TensorContext& tensor) { return selection_needs(tensor, tensor.models); }

}  // namespace

TransformSpec trim_transform() {
  const auto make = [](StageScope scope) -> std::unique_ptr<Transform> {
    return std::make_unique<KeepWindow>(scope, [scope](std::size_t lane, std::uint64_t /*population*/) {
      return KeepRange{0, entries_to_keep(scope, lane)};
    });
  };
  return {.scoped = true, .needs = lane_selection_needs, .make = make};
}

TransformSpec breadcrumbs_transform() {
  const auto make = [](StageScope scope) -> std::unique_ptr<Transform> {
    return std::make_unique<KeepWindow>(scope, [scope](std::size_t lane, std::uint64_t population) {
      const std::uint64_t target = entries_to_keep(scope, lane);
      const std::uint64_t top = std::min(share_of_scope(scope, "gamma", lane), population - target);
      return KeepRange{top, top + target};
    });
  };
  return {.scoped = true, .needs = lane_selection_needs, .make = make};
}

}  // namespace wootz
