#include <algorithm>
#include <numeric>

#include "wootz/adapt/staged_pass.h"
#include "wootz/engine/run/schedule.h"

namespace wootz {
namespace {

// Fewer rows than this in a matrix product leave a processor's arithmetic idle.
constexpr std::size_t kFewRows = 512;

struct Need {
  double fixed = 0;     ///< bytes, whatever the micro-batch
  double per_item = 0;  ///< bytes, of an item of a micro-batch
};

std::vector<Segment> split_stages(std::size_t stages, std::size_t segments) {
  std::vector<Segment> split;
  for (std::size_t s = 0; s < segments; ++s) split.push_back({s * stages / segments, (s + 1) * stages / segments});
  return split;
}

Need need_of(const Network& network, const PassSize& size, const std::vector<Segment>& segments) {
  constexpr double kFloat = sizeof(float);
  // Streams stay in float32 in bfloat16 too. What a way back holds for a moment beside what it has kept is a seventh.
  constexpr double kMoment = 1.15;
  const double kept_item = kMoment * (size.precision == Precision::kBFloat16 ? 0.6 * kFloat : kFloat);
  Need need;
  double weights = 0, handed = 0;
  for (const Segment& segment : segments) {
    double kept = 0, values = 0;
    for (std::size_t s = segment.first; s < segment.last; ++s) {
      const NetworkStage& stage = network.stages()[s];
      kept += static_cast<double>(stage.kept_values);
      for (std::size_t p = stage.begin; p < stage.end; ++p) {
        const Shape& shape = network.parameters()[p].shape;
        values += std::accumulate(shape.begin(), shape.end(), 1.0,
                                  [](double a, auto b) { return a * static_cast<double>(b); });
      }
    }
    weights = std::max(weights, values);
    need.per_item = std::max(need.per_item, kept * kept_item * size.activations * static_cast<double>(size.tokens));
    if (&segment != &segments.back()) handed += static_cast<double>(network.stages()[segment.last - 1].handed_values);
  }
  const double copies = size.weight_copies + (size.precision == Precision::kBFloat16 ? 1.0 : 0.0);
  need.fixed = weights * kFloat * copies + handed * kFloat * static_cast<double>(size.tokens * size.items);
  return need;
}

}  // namespace

Result<PassPlan> plan_pass(const Network& network, const PassSize& size, std::uint64_t memory) {
  const double room = static_cast<double>(memory);
  double least = 0;
  PassPlan best;
  for (std::size_t count = 1; count <= network.stages().size(); ++count) {
    PassPlan plan;
    plan.segments = split_stages(network.stages().size(), count);
    const Need need = need_of(network, size, plan.segments);
    const double least_here = need.fixed + need.per_item;
    least = count == 1 ? least_here : std::min(least, least_here);
    if (least_here > room) continue;
    plan.items = std::min(size.items, static_cast<std::size_t>((room - need.fixed) / std::max(need.per_item, 1.0)));
    plan.memory = static_cast<std::uint64_t>(need.fixed + need.per_item * static_cast<double>(plan.items));
    if (plan.items > best.items) best = plan;
    if (plan.items == size.items || plan.items * size.tokens >= kFewRows) break;
  }
  if (best.items == 0)
    return fail(ErrorKind::kUsage,
                "a step needs at least {} of memory beside the program itself, more than is allowed: raise "
                "--max-memory, or lower 'batch_size'",
                format_bytes(static_cast<std::uint64_t>(least)));
  // Micro-batches of equal size rather than a last one of a few items.
  const std::size_t parts = (size.items + best.items - 1) / best.items;
  best.items = (size.items + parts - 1) / parts;
  return best;
}

}  // namespace wootz
