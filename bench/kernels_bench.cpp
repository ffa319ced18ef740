// Time per element of every kernel, on blocks that stay in cache, of task vectors between bf16 models. The counter
// "ns/element" is per position, whatever the number of lanes. WOOTZ_FORCE_ISA picks the instruction set (of all but the
// loops over stored task vectors, which stream from memory and are given in bytes a second).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "wootz/core/half.h"
#include "wootz/kernels/kernels.h"
#include "wootz/kernels/task_vectors.h"

namespace {

using namespace wootz;
using namespace wootz::kernels;

constexpr std::size_t kBlock = 2048;
constexpr std::size_t kMaxLanes = 8;

struct Data {
  std::vector<std::vector<double>> lanes;      // task vectors
  std::vector<std::vector<std::byte>> stored;  // kBlock elements of each dtype, by enum value
  std::vector<double> base, out;
  std::vector<double> weights = std::vector<double>(kMaxLanes, 0.3);
};

double bf16(double value) { return bf16_to_double(double_to_bf16(value)); }

// Fine-tuned minus base, both rounded to bf16: many zeros and few distinct magnitudes; or unrounded: all distinct.
std::vector<double> task_vector(std::size_t n, bool rounded, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> result(n);
  for (double& value : result) {
    const double weight = bf16(normal(engine) * 0.02);
    const double change = normal(engine) * 2e-4;
    value = rounded ? bf16(weight + change) - weight : change;
  }
  return result;
}

const Data& data() {
  static const Data result = [] {
    Data d;
    for (unsigned k = 0; k < kMaxLanes; ++k) d.lanes.push_back(task_vector(kBlock, true, k));
    d.base = task_vector(kBlock, false, 99);
    d.stored.resize(4);
    for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16}) {
      auto& bytes = d.stored[static_cast<std::size_t>(dtype)];
      bytes.resize(kBlock * item_size(dtype));
      store(dtype, d.base.data(), kBlock, bytes.data());
    }
    return d;
  }();
  return result;
}

std::vector<const double*> lanes(std::size_t count) {
  std::vector<const double*> result;
  for (std::size_t k = 0; k < count; ++k) result.push_back(data().lanes[k].data());
  return result;
}

std::span<const double> weights(std::size_t count) { return {data().weights.data(), count}; }

// Runs `body` and reports the time for each of its n elements.
template <typename Body>
void measure(benchmark::State& state, std::size_t n, const Body& body) {
  for (auto step : state) {
    body();
    benchmark::ClobberMemory();
  }
  state.counters["ns/element"] = benchmark::Counter(
      static_cast<double>(n) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetLabel(std::string(isa_name()));
}

void load_from(benchmark::State& state, Dtype dtype) {
  std::vector<double> out(kBlock);
  const std::byte* stored = data().stored[static_cast<std::size_t>(dtype)].data();
  measure(state, kBlock, [&] { load(dtype, stored, kBlock, out.data()); });
}

void load_difference_from(benchmark::State& state, Dtype dtype) {
  std::vector<double> out(kBlock);
  const std::byte* stored = data().stored[static_cast<std::size_t>(dtype)].data();
  measure(state, kBlock, [&] { load_difference(dtype, stored, data().base.data(), kBlock, out.data()); });
}

void store_to(benchmark::State& state, Dtype dtype) {
  std::vector<std::byte> out(kBlock * item_size(dtype));
  measure(state, kBlock, [&] { store(dtype, data().base.data(), kBlock, out.data()); });
}

void weighted_sum_of(benchmark::State& state) {
  const auto x = lanes(static_cast<std::size_t>(state.range(0)));
  std::vector<double> out(kBlock);
  measure(state, kBlock, [&] { weighted_sum(data().base.data(), 1.0, x, weights(x.size()), out.data(), kBlock); });
}

void consensus_of(benchmark::State& state) {
  const auto x = lanes(static_cast<std::size_t>(state.range(0)));
  const Consensus options{Vote::kWeighted, state.range(1) != 0, 1e-8, 1.0};
  std::vector<double> out(kBlock);
  measure(state, kBlock, [&] { consensus(options, data().base.data(), x, weights(x.size()), out.data(), kBlock); });
}

void variance_of(benchmark::State& state) {
  const auto x = lanes(static_cast<std::size_t>(state.range(0)));
  std::vector<double> out(kBlock);
  measure(state, kBlock, [&] { variance(x, out.data(), kBlock); });
}

void add_absolute_of(benchmark::State& state) {
  Sum sum;
  measure(state, kBlock, [&] { add_absolute(data().lanes[0].data(), kBlock, sum); });
}

void add_gram_of(benchmark::State& state) {
  const auto x = lanes(static_cast<std::size_t>(state.range(0)));
  std::vector<Sum> gram(x.size() * (x.size() + 1) / 2);
  measure(state, kBlock, [&] { add_gram(x, kBlock, gram); });
}

void sign_balance_of(benchmark::State& state) {
  const auto x = lanes(static_cast<std::size_t>(state.range(0)));
  measure(state, kBlock, [&] { benchmark::DoNotOptimize(sign_balance(x, kBlock)); });
}

void count_nonfinite_of(benchmark::State& state) {
  measure(state, kBlock, [&] { benchmark::DoNotOptimize(count_nonfinite(data().lanes[0].data(), kBlock)); });
}

// The key that a share of the block exceeds.
MagnitudeKey key_at(double share) {
  std::vector<MagnitudeKey> keys(kBlock);
  magnitude_keys(data().lanes[0].data(), kBlock, keys.data());
  std::sort(keys.begin(), keys.end());
  return keys[static_cast<std::size_t>((1.0 - share) * (kBlock - 1))];
}

void count_range_of(benchmark::State& state) {
  const MagnitudeKey low = key_at(0.21), high = key_at(0.19);
  std::vector<MagnitudeKey> inside;
  RangeCount counts;
  measure(state, kBlock, [&] {
    inside.clear();
    count_range(data().lanes[0].data(), kBlock, low, high, counts, inside);
  });
}

void keep_window_of(benchmark::State& state) {
  std::vector<double> x = data().lanes[0];
  const Window window{kMaxKey, 0, key_at(0.2), state.range(0) != 0 ? kBlock * 10 : 0};
  measure(state, kBlock, [&] {
    Window used = window;
    keep_window(x.data(), kBlock, used);
  });
}

void random_fill_of(benchmark::State& state) {
  std::vector<std::uint32_t> out(kBlock);
  measure(state, kBlock, [&] { random_fill({1, 2}, 0, kBlock, out.data()); });
}

void random_keep_of(benchmark::State& state) {
  std::vector<double> x = data().lanes[0];
  measure(state, kBlock, [&] { random_keep(x.data(), kBlock, {1, 2}, 0, 0.5); });
}

// Rows are copied into place for every run; "copy_row" is the share of that.
void rank_keep_of(benchmark::State& state, bool ties) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const std::vector<double> row = task_vector(n, ties, 7);
  std::vector<double> x = row;
  RankScratch scratch;
  std::uint64_t first = 0;
  measure(state, n, [&] {
    std::copy(row.begin(), row.end(), x.begin());
    rank_keep(x.data(), n, {1, 2}, first, 0.5, 0.15, scratch);
    first += n;
  });
}

void copy_row_of(benchmark::State& state) {
  std::vector<double> x = data().lanes[0];
  measure(state, kBlock, [&] { std::copy(data().lanes[0].begin(), data().lanes[0].end(), x.begin()); });
}

// Eight stored models of 8 MB, which do not stay in cache, with their base and a gradient.
struct StoredModels {
  static constexpr std::size_t kTile = 16384;
  static constexpr std::size_t kLaneBytes = 8 << 20;
  Dtype dtype;
  std::size_t n = kLaneBytes / item_size(dtype);
  std::vector<std::vector<std::byte>> values = std::vector(kMaxLanes, std::vector<std::byte>(kLaneBytes));
  std::vector<float> base = std::vector<float>(n, 0.02F), gradient = std::vector<float>(n, 1e-3F);
  std::vector<float> out = std::vector<float>(n);

  // Calls body(first element, lanes) for each tile; `floats` arrays of n floats are read or written besides the lanes.
  template <typename Body>
  void run(benchmark::State& state, std::size_t floats, const Body& body) const {
    std::vector<StoredLane> tile(kMaxLanes);
    for (auto step : state) {
      for (std::size_t first = 0; first < n; first += kTile) {
        for (std::size_t k = 0; k < kMaxLanes; ++k)
          tile[k] = {dtype, values[k].data() + first * item_size(dtype), false};
        body(first, tile);
      }
      benchmark::ClobberMemory();
    }
    const std::size_t bytes = kMaxLanes * kLaneBytes + floats * n * sizeof(float);
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * static_cast<std::int64_t>(state.iterations()));
  }
};

void merge_stored_of(benchmark::State& state, Dtype dtype) {
  StoredModels models{dtype};
  const std::vector<float> factors(kMaxLanes, 0.3F);
  models.run(state, 2, [&](std::size_t first, const std::vector<StoredLane>& tile) {
    merge_stored(models.base.data() + first, tile, factors, Activation::kFloat32, models.out.data() + first,
                 StoredModels::kTile);
  });
}

void stored_products_of(benchmark::State& state, Dtype dtype) {
  const StoredModels models{dtype};
  std::vector<double> products(kMaxLanes);
  models.run(state, 2, [&](std::size_t first, const std::vector<StoredLane>& tile) {
    stored_products(models.gradient.data() + first, models.base.data() + first, tile, StoredModels::kTile, products);
  });
  benchmark::DoNotOptimize(products.data());
}

// The floor of both: the lanes alone, copied to one place in cache.
void read_stored_of(benchmark::State& state, Dtype dtype) {
  const StoredModels models{dtype};
  std::vector<std::byte> copy(StoredModels::kTile * item_size(dtype));
  models.run(state, 0, [&](std::size_t, const std::vector<StoredLane>& tile) {
    for (const StoredLane& lane : tile) std::copy_n(lane.values, copy.size(), copy.data());
    benchmark::ClobberMemory();
  });
}

BENCHMARK_CAPTURE(load_from, bf16, Dtype::kBF16);
BENCHMARK_CAPTURE(load_from, f16, Dtype::kF16);
BENCHMARK_CAPTURE(load_from, f32, Dtype::kF32);
BENCHMARK_CAPTURE(load_difference_from, bf16, Dtype::kBF16);
BENCHMARK_CAPTURE(store_to, bf16, Dtype::kBF16);
BENCHMARK_CAPTURE(store_to, f16, Dtype::kF16);
BENCHMARK_CAPTURE(store_to, f32, Dtype::kF32);
BENCHMARK(weighted_sum_of)->Arg(2)->Arg(3)->Arg(4)->Arg(8);
BENCHMARK(consensus_of)->Args({2, 1})->Args({3, 0})->Args({3, 1})->Args({4, 1})->Args({8, 1});
BENCHMARK(variance_of)->Arg(3);
BENCHMARK(add_absolute_of);
BENCHMARK(add_gram_of)->Arg(2)->Arg(3)->Arg(4)->Arg(8);
BENCHMARK(sign_balance_of)->Arg(3);
BENCHMARK(count_nonfinite_of);
BENCHMARK(count_range_of);
BENCHMARK(keep_window_of)->Arg(0)->Arg(1);
BENCHMARK(random_fill_of);
BENCHMARK(random_keep_of);
BENCHMARK_CAPTURE(rank_keep_of, ties, true)->Arg(768)->Arg(2048)->Arg(5632)->Arg(32000)->Arg(1 << 20);
BENCHMARK_CAPTURE(rank_keep_of, distinct, false)->Arg(768)->Arg(2048)->Arg(5632)->Arg(32000)->Arg(1 << 20);
BENCHMARK(copy_row_of);
BENCHMARK_CAPTURE(merge_stored_of, f32, Dtype::kF32);
BENCHMARK_CAPTURE(merge_stored_of, bf16, Dtype::kBF16);
BENCHMARK_CAPTURE(stored_products_of, f32, Dtype::kF32);
BENCHMARK_CAPTURE(stored_products_of, bf16, Dtype::kBF16);
BENCHMARK_CAPTURE(read_stored_of, f32, Dtype::kF32);
BENCHMARK_CAPTURE(read_stored_of, bf16, Dtype::kBF16);

}  // namespace

BENCHMARK_MAIN();
