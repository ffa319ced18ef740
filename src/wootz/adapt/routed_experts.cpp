#include "wootz/adapt/routed_experts.h"

#include <stdexcept>

#include "wootz/adapt/device_vectors.h"
#include "wootz/nn/device.h"
#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

// Reads rows of the base and of all task vectors from the mapped checkpoints.
class RowsOfTaskVectors : public ops::ExpertRows {
 public:
  RowsOfTaskVectors(const TaskVectors& vectors, std::size_t tensor, const Shape& shape)
      : vectors_(vectors),
        tensor_(tensor),
        out_(static_cast<std::int64_t>(shape[0])),
        in_(static_cast<std::int64_t>(shape[1])) {}
  std::int64_t experts() const override { return static_cast<std::int64_t>(vectors_.lanes()); }
  std::int64_t out() const override { return out_; }
  std::int64_t in() const override { return in_; }
  // Inside torch's operations an error can only be thrown; guarded() makes it a Result again.
  void rows(std::int64_t first, std::int64_t rows, float* out) const override {
    const Result<> loaded =
        vectors_.load(tensor_, static_cast<std::uint64_t>(first * in_), static_cast<std::uint64_t>(rows * in_), out);
    if (!loaded) throw std::runtime_error(loaded.error().message);
  }

 private:
  const TaskVectors& vectors_;
  std::size_t tensor_;
  std::int64_t out_, in_;
};

// The same as load_parameter, of finite numbers.
Result<at::Tensor> load_all(const Network& network, const TaskVectors& vectors, std::size_t parameter) {
  WOOTZ_TRY(at::Tensor all, load_parameter(vectors, network, parameter));
  if (all.isfinite().all().item<bool>()) return all;
  return fail(ErrorKind::kInput, "'{}' has values that are no finite numbers: it cannot be routed",
              network.parameters()[parameter].name);
}

Result<StoredExperts> store_weight(const at::Tensor& task_vectors, const ExpertSettings& settings) {
  switch (settings.storage) {
    case ExpertStorage::kSparse:
      return keep_largest(task_vectors, settings.keep);
    case ExpertStorage::kLowRank:
      if (const std::int64_t most = std::min(task_vectors.size(1), task_vectors.size(2)); settings.rank > most)
        return fail(ErrorKind::kUsage, "'rank' {} is above {}, the most that its maps can have", settings.rank, most);
      return guarded_result([&] { return keep_low_rank(task_vectors, settings.rank); });
    default:
      return StoredExperts{ExpertStorage::kDense, task_vectors.contiguous(), {}, {}, {}, {}};
  }
}

// A map's weights and biases, [K + 1, ...] each.
struct LoadedMap {
  at::Tensor weights, biases;
};

// Reads a map and adds its task vectors to `stored`.
Result<LoadedMap> store_map(const Network& network, const LinearParameters& map, const TaskVectors& vectors,
                            const ExpertSettings& settings, StoredModule& stored) {
  LoadedMap loaded;
  WOOTZ_TRY(loaded.weights, load_all(network, vectors, map.weight));
  WOOTZ_TRY(StoredExperts experts, store_weight(loaded.weights.slice(0, 1), settings));
  WOOTZ_TRY(loaded.biases, load_all(network, vectors, map.bias));
  const at::Tensor of_experts = loaded.biases.slice(0, 1).contiguous();
  stored.maps.push_back(std::move(experts));
  stored.biases.push_back(settings.storage == ExpertStorage::kSparse ? largest_of_rows(of_experts, settings.keep)
                                                                     : of_experts);
  return loaded;
}

}  // namespace

Result<StoredModule> store_module(const Network& network, std::size_t module, const TaskVectors& vectors,
                                  const ExpertSettings& settings) {
  StoredModule stored;
  for (const LinearParameters& map : network.modules()[module].maps) {
    WOOTZ_TRY(const LoadedMap loaded, store_map(network, map, vectors, settings, stored));
  }
  return stored;
}

Result<std::vector<RoutedMap>> dense_maps(const Network& network, std::size_t module, const TaskVectors& vectors,
                                          bool resident) {
  std::vector<RoutedMap> maps;
  for (const LinearParameters& map : network.modules()[module].maps) {
    RoutedMap& made = maps.emplace_back();
    WOOTZ_TRY(made.biases, load_all(network, vectors, map.bias));
    made.rows = std::make_shared<RowsOfTaskVectors>(vectors, map.weight, network.parameters()[map.weight].shape);
    if (!resident) continue;
    WOOTZ_TRY(made.rows,
              guarded([&]() -> std::shared_ptr<const ops::ExpertRows> { return ops::blocked_experts(*made.rows); }));
  }
  return maps;
}

Result<std::vector<RoutedMap>> stored_maps(const Network& network, std::size_t module, const TaskVectors& vectors,
                                           const ExpertSettings& settings, StoredModule& stored) {
  std::vector<RoutedMap> maps;
  for (const LinearParameters& map : network.modules()[module].maps) {
    WOOTZ_TRY(const LoadedMap loaded, store_map(network, map, vectors, settings, stored));
    maps.push_back(routed_map(loaded.weights[0].clone(), stored.maps.back(),
                              at::cat({loaded.biases.slice(0, 0, 1), stored.biases.back()})));
  }
  return maps;
}

}  // namespace wootz
