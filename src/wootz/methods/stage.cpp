#include "wootz/methods/stage.h"

#include "wootz/core/check.h"
#include "wootz/methods/method.h"

namespace wootz {

Result<> Stage::solve(MatrixLanes& /*lanes*/, Team& /*team*/) {
  WOOTZ_CHECK(false);  // the stage's needs never say kMatrix
  return {};
}

NeedsOf needs_passes(double passes) {
  return [passes](const TensorContext& /*tensor*/) { return StageNeeds{.passes = passes}; };
}

}  // namespace wootz
