#include "oracle/oracles.h"

namespace wootz {

void register_awd(oracle::Oracles& table) {
  table.transform("awd", [](oracle::Stage& stage) {
    for_each_scope(stage, [&](oracle::Vectors& lanes) {
      if (lanes.size() < 2 || lanes[0].empty()) return;
      const oracle::Vector delta = oracle::awd(lanes, stage.params.number("alpha"), stage.params.number("step"),
                                               static_cast<std::size_t>(stage.params.number("iterations")))
                                       .delta;
      for (oracle::Vector& lane : lanes)
        for (std::size_t i = 0; i < lane.size(); ++i) lane[i] -= delta[i];
    });
  });
}

}  // namespace wootz
