#include "wootz/data/loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "wootz/core/check.h"
#include "wootz/core/rng.h"
#include "wootz/data/assemble.h"

namespace wootz {

struct BadItems::State {
  std::mutex mutex;
  std::vector<std::string> messages;
};

BadItems::BadItems(std::size_t tolerated) : tolerated_(tolerated), state_(std::make_shared<State>()) {}

Result<> BadItems::add(const Error& error) {
  const std::lock_guard lock(state_->mutex);
  const bool is_noted =
      std::find(state_->messages.begin(), state_->messages.end(), error.message) != state_->messages.end();
  if (is_noted) return {};
  if (state_->messages.size() < tolerated_) {
    state_->messages.push_back(error.message);
    return {};
  }
  if (tolerated_ == 0)
    return fail(error.kind, "{}\n--skip-bad N leaves out up to N damaged items and says which", error.message);
  return fail(error.kind, "{}\n{} damaged item{} left out before this one, as many as --skip-bad allows", error.message,
              tolerated_, tolerated_ == 1 ? " was" : "s were");
}

std::vector<std::string> BadItems::messages() const {
  const std::lock_guard lock(state_->mutex);
  return state_->messages;
}

// Batches are made in a ring of slots. Workers claim runs of items in order, never beyond the batches that may be made
// ahead; who finishes the last run of a batch puts it together. The consumer takes batches in order.
struct Loader::Implementation {
  struct Slot {
    BatchParts parts;
    AssembledBatch assembled;
    std::size_t unfinished = 0;  // runs
    bool ready = false;
  };
  struct Claim {
    std::size_t batch = 0;
    std::size_t begin = 0;  // items of the batch
    std::size_t end = 0;
  };

  Implementation(const Dataset& dataset, const Encoder& item_encoder, std::vector<Draw> draws,
                 const LoaderOptions& loader_options, BadItems& bad_items)
      : data(dataset), encoder(item_encoder), order(std::move(draws)), options(loader_options), bad(bad_items) {
    options.batch_size = std::max<std::size_t>(options.batch_size, 1);
    options.ahead = std::max<std::size_t>(options.ahead, 1);
    batches = (order.size() + options.batch_size - 1) / options.batch_size;
    slots.resize(options.threads == 0 ? 1 : std::min(options.ahead, std::max<std::size_t>(batches, 1)));
    // Short enough that the threads finish a batch together, long enough that claiming costs nothing.
    run_length = std::clamp<std::size_t>(options.batch_size / (4 * std::max<std::size_t>(options.threads, 1)), 1, 16);
    for (Slot& slot : slots) slot.parts.items.resize(std::min(options.batch_size, order.size()));
    const std::size_t threads = std::min(options.threads, std::max<std::size_t>(order.size(), 1));
    for (std::size_t i = 0; i < threads; ++i) workers.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }

  ~Implementation() {
    for (std::jthread& worker : workers) worker.request_stop();
  }

  std::size_t batch_items(std::size_t batch) const {
    return std::min(options.batch_size, order.size() - batch * options.batch_size);
  }
  Slot& slot_of(std::size_t batch) { return slots[batch % slots.size()]; }

  void encode(const Claim& claim, const std::stop_token& stop) {
    BatchParts& parts = slot_of(claim.batch).parts;
    for (std::size_t i = claim.begin; i < claim.end && !stop.stop_requested(); ++i) {
      const Draw& draw = order[claim.batch * options.batch_size + i];
      parts.items[i].status = encoder.encode(data, draw.index, draw.draw, parts.items[i].encoded);
    }
  }

  void assemble(std::size_t batch) {
    Slot& slot = slot_of(batch);
    const std::size_t first = batch * options.batch_size;
    slot.assembled.batch = take_spare();
    wootz::assemble(data, encoder, std::span(order).subspan(first, batch_items(batch)), first, slot.parts,
                    slot.assembled);
  }

  Batch take_spare() {
    const std::lock_guard lock(mutex);
    if (spare.empty()) return {};
    Batch batch = std::move(spare.back());
    spare.pop_back();
    return batch;
  }

  // Requires: the lock.
  bool may_claim() const { return claimed < batches && claimed < delivered + slots.size(); }

  // Requires: the lock, may_claim().
  Claim claim() {
    const std::size_t items = batch_items(claimed);
    if (claimed_items == 0) slot_of(claimed).unfinished = (items + run_length - 1) / run_length;
    const Claim run{claimed, claimed_items, std::min(claimed_items + run_length, items)};
    claimed_items = run.end;
    if (claimed_items == items) {
      ++claimed;
      claimed_items = 0;
    }
    return run;
  }

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (room.wait(lock, stop, [this] { return may_claim(); })) {
      const Claim run = claim();
      lock.unlock();
      encode(run, stop);
      lock.lock();
      if (stop.stop_requested()) return;
      Slot& slot = slot_of(run.batch);
      if (--slot.unfinished > 0) continue;
      lock.unlock();
      assemble(run.batch);
      lock.lock();
      slot.ready = true;
      if (run.batch == delivered) done.notify_one();
    }
  }

  // The next batch as it was put together, tolerated errors still in it.
  AssembledBatch take_next() {
    Slot& slot = slot_of(delivered);
    if (options.threads == 0) {
      encode({delivered, 0, batch_items(delivered)}, {});
      assemble(delivered);
      ++delivered;
      return std::move(slot.assembled);
    }
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return slot.ready; });
    waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    AssembledBatch taken = std::move(slot.assembled);
    slot.ready = false;
    ++delivered;
    room.notify_all();
    return taken;
  }

  Result<std::optional<Batch>> next() {
    if (failure) return tl::unexpected(*failure);
    while (delivered < batches) {
      AssembledBatch taken = take_next();
      for (const Error& error : taken.errors)
        if (auto status = bad.add(error); !status) return keep(std::move(status).error());
      if (taken.batch.size == 0) continue;
      if (auto status = check_size(taken.batch); !status) return keep(std::move(status).error());
      if (taken.misfit) return keep(*std::move(taken.misfit));
      return std::optional(std::move(taken.batch));
    }
    return std::optional<Batch>();
  }

  // All batches have one size, so that a network sees what it was planned for.
  Result<> check_size(const Batch& batch) {
    if (batch.kind != InputKind::kImage) return {};
    if (width == 0) {
      width = batch.width;
      height = batch.height;
    }
    if (batch.width == width && batch.height == height) return {};
    return tl::unexpected(
        size_misfit(data.place(order[batch.items.front()].index), batch.width, batch.height, width, height));
  }

  tl::unexpected<Error> keep(Error error) {
    failure = error;
    return tl::unexpected(std::move(error));
  }

  const Dataset& data;
  const Encoder& encoder;
  const std::vector<Draw> order;
  LoaderOptions options;
  BadItems& bad;
  std::size_t batches = 0;
  std::size_t run_length = 1;
  std::vector<Slot> slots;

  std::mutex mutex;
  std::condition_variable_any room;  // something may be claimed
  std::condition_variable_any done;  // the batch wanted next is ready
  std::size_t claimed = 0;           // batches, wholly
  std::size_t claimed_items = 0;     // of the batch after those
  std::size_t delivered = 0;         // batches
  std::vector<Batch> spare;

  std::optional<Error> failure;
  int width = 0;
  int height = 0;
  double waited = 0;
  std::vector<std::jthread> workers;  // last: joined before the rest goes
};

Loader::Loader(const Dataset& data, const Encoder& encoder, std::vector<Draw> order, const LoaderOptions& options,
               BadItems& bad) {
  WOOTZ_CHECK(data.kind() == encoder.kind());
  implementation_ = std::make_unique<Implementation>(data, encoder, std::move(order), options, bad);
}

Loader::~Loader() = default;

Result<std::optional<Batch>> Loader::next() { return implementation_->next(); }

void Loader::recycle(Batch batch) {
  const std::lock_guard lock(implementation_->mutex);
  implementation_->spare.push_back(std::move(batch));
}

double Loader::waited() const { return implementation_->waited; }

std::vector<Draw> in_order(std::size_t size) {
  std::vector<Draw> order(size);
  for (std::size_t i = 0; i < size; ++i) order[i] = {i, i};
  return order;
}

std::vector<Draw> shuffled(std::size_t size, std::uint64_t seed, std::uint64_t epoch) {
  const RngKey draws = rng_key(seed, "draw", epoch);
  const RngKey swaps = rng_key(seed, "shuffle", epoch);
  std::vector<Draw> order(size);
  for (std::size_t i = 0; i < size; ++i) order[i] = {i, random_word(draws, i)};
  for (std::size_t left = size; left > 1; --left) std::swap(order[left - 1], order[random_word(swaps, left) % left]);
  return order;
}

std::vector<Draw> endless(std::size_t size, std::uint64_t seed, std::uint64_t begin, std::uint64_t end) {
  std::vector<Draw> draws;
  draws.reserve(end - begin);
  for (std::uint64_t epoch = begin / size; epoch * size < end; ++epoch) {
    const std::vector<Draw> order = shuffled(size, seed, epoch);
    const std::uint64_t from = std::max(begin, epoch * size), to = std::min(end, (epoch + 1) * size);
    for (std::uint64_t i = from; i < to; ++i) draws.push_back(order[i - epoch * size]);
  }
  return draws;
}

}  // namespace wootz
