// Exchanges go through torch's key-value store, which the first process or torchrun's agent runs: every process posts
// what it brings under a key of its own, and reads everyone's. Neither NCCL nor Gloo: what travels is kilobytes that
// lie on the CPU, every process needs to reach one address only, and a failure is just another thing to post. (The
// wheel also lacks Gloo's headers, which those of c10d's Gloo include.)
#include "wootz/nn/process_group.h"

#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "wootz/core/check.h"
#include "wootz/nn/device.h"

namespace wootz {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPiece = std::size_t{1} << 20;  // bytes; the store's server drops who sends more than 8 MiB
constexpr std::chrono::milliseconds kFarewell{30'000};

// Torch logs every network failure with a stack trace before it throws it, and logs retries that succeed. Its log level
// is raised during the call, unless somebody has set it: what matters is in the error.
class Quiet {
 public:
  Quiet() {
    if (before_ == c10::GLOG_WARNING) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  }
  ~Quiet() { FLAGS_caffe2_log_level = before_; }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  int before_ = FLAGS_caffe2_log_level;
};

template <typename Body>
auto quietly(const Body& body) {
  const Quiet quiet;
  return guarded(body);
}

// ---- The environment

struct Environment {
  std::size_t rank = 0;
  std::size_t size = 1;
  std::string host;
  std::uint16_t port = 0;
  bool is_server = false;
  std::string local_rank;
  std::string prefix;  // of all keys: after a restart, torchrun's store still has those of the attempt before

  std::string address() const { return fmt::format("{}:{}", host, port); }
};

Result<std::string> variable(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0')
    return fail(ErrorKind::kUsage,
                "WORLD_SIZE asks for several processes, but {} is not set: start them with torchrun, or set RANK, "
                "WORLD_SIZE, MASTER_ADDR and MASTER_PORT",
                name);
  return text;
}

Result<std::size_t> number(const char* name, std::size_t least, std::size_t most) {
  WOOTZ_TRY(const std::string text, variable(name));
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return fail(ErrorKind::kUsage, "{}='{}': expected a number from {} to {}", name, text, least, most);
  return value;
}

Result<Environment> read_environment() {
  Environment found;
  if (std::getenv("WORLD_SIZE") == nullptr) return found;
  WOOTZ_TRY(found.size, number("WORLD_SIZE", 1, 9999));
  if (found.size == 1) return found;
  WOOTZ_TRY(found.rank, number("RANK", 0, found.size - 1));
  WOOTZ_TRY(found.host, variable("MASTER_ADDR"));
  WOOTZ_TRY(const std::size_t port, number("MASTER_PORT", 1, 65535));
  found.port = static_cast<std::uint16_t>(port);
  if (const char* local = std::getenv("LOCAL_RANK")) found.local_rank = local;
  const char* agent = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
  const bool agent_serves = agent != nullptr && std::strcmp(agent, "True") == 0;
  found.is_server = found.rank == 0 && !agent_serves;
  const char* attempt = agent_serves ? std::getenv("TORCHELASTIC_RESTART_COUNT") : nullptr;
  found.prefix = fmt::format("wootz/{}", attempt == nullptr ? "0" : attempt);
  return found;
}

// ---- What processes post

enum class What : std::uint8_t { kFailure, kSum, kBroadcast, kBarrier };

// `count`: the bytes of the whole call, of which this is a piece; of a failure, its kind.
Bytes encode(What what, std::uint64_t count, std::span<const std::byte> payload) {
  Bytes message(1 + sizeof(count) + payload.size());
  message[0] = static_cast<std::uint8_t>(what);
  std::memcpy(&message[1], &count, sizeof(count));
  if (!payload.empty()) std::memcpy(&message[1 + sizeof(count)], payload.data(), payload.size());
  return message;
}

struct Message {
  What what;
  std::uint64_t count = 0;
  std::span<const std::byte> payload;  // of the bytes decoded
};

std::optional<Message> decode(const Bytes& bytes) {
  Message message{};
  if (bytes.size() < 1 + sizeof(message.count)) return std::nullopt;
  message.what = static_cast<What>(bytes[0]);
  std::memcpy(&message.count, &bytes[1], sizeof(message.count));
  message.payload = std::as_bytes(std::span(bytes)).subspan(1 + sizeof(message.count));
  return message;
}

}  // namespace

// ---- One process's view of the exchanges

class ProcessGroup::Store {
 public:
  // `patience`: how long to look for the server; `timeout`: how long every exchange waits.
  static Result<std::unique_ptr<Store>> open(const Environment& environment, std::chrono::milliseconds patience,
                                             std::chrono::milliseconds timeout);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const Environment& environment() const { return environment_; }
  bool lost() const { return lost_; }

  // What every process brings to this call, by rank: payloads within `into`. Fails if one has failed, has not come in
  // time, or brings something else.
  Result<std::vector<std::span<const std::byte>>> exchange(What what, std::uint64_t count,
                                                           std::span<const std::byte> payload,
                                                           std::vector<Bytes>* into);

  // Posts the failure, where the others look next, and ends the group.
  Error abandon(Error error);
  const std::optional<Error>& ended() const { return ended_; }

 private:
  Store(Environment environment, std::chrono::milliseconds timeout, c10::intrusive_ptr<c10d::TCPStore> store)
      : environment_(std::move(environment)), timeout_(timeout), store_(std::move(store)) {}

  std::string key(std::uint64_t call, std::size_t rank) const {
    return fmt::format("{}/{}/{}", environment_.prefix, call, rank);
  }
  std::string farewell(std::size_t rank) const { return fmt::format("{}/left/{}", environment_.prefix, rank); }
  Error why_nothing_came(const Error& error);
  Error end(Error error) { return *(ended_ = std::move(error)); }

  Environment environment_;
  std::chrono::milliseconds timeout_;
  c10::intrusive_ptr<c10d::TCPStore> store_;
  std::uint64_t calls_ = 0;
  std::optional<Error> ended_;
  bool lost_ = false;                // the store no longer answers
  std::vector<std::size_t> absent_;  // who did not come in time, and will not say farewell either
};

Result<std::unique_ptr<ProcessGroup::Store>> ProcessGroup::Store::open(const Environment& environment,
                                                                       std::chrono::milliseconds patience,
                                                                       std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = environment.port;
  options.isServer = environment.is_server;
  options.waitWorkers = false;  // the first barrier waits, and knows who is missing
  options.timeout = patience;
  auto store = quietly([&] { return c10::make_intrusive<c10d::TCPStore>(environment.host, options); });
  if (!store)
    return fail(ErrorKind::kFailed, "process {} of {} cannot {} {} (MASTER_ADDR:MASTER_PORT): {}", environment.rank,
                environment.size, environment.is_server ? "serve the others at" : "reach the others at",
                environment.address(), store.error().message);
  // A launcher's store outlives a group: what an earlier one of this run has left there must not be taken for ours.
  WOOTZ_TRY(const std::int64_t generation, quietly([&] {
              return (*store)->add(fmt::format("{}/group/{}", environment.prefix, environment.rank), 1);
            }));
  (*store)->setTimeout(timeout);
  Environment ours = environment;
  ours.prefix = fmt::format("{}/{}", environment.prefix, generation);
  return std::unique_ptr<Store>(new Store(std::move(ours), timeout, *std::move(store)));
}

ProcessGroup::Store::~Store() {
  if (lost_) return;
  if (!ended_) abandon({ErrorKind::kFailed, "it has left early; see its own messages"});
  (void)quietly([&] {
    store_->set(farewell(environment_.rank), Bytes{1});
    std::vector<std::string> others;
    for (std::size_t rank = 1; environment_.is_server && rank < environment_.size; ++rank)
      if (std::ranges::find(absent_, rank) == absent_.end()) others.push_back(farewell(rank));
    if (!others.empty()) store_->wait(others, std::min(kFarewell, timeout_));
    return 0;
  });
}

Error ProcessGroup::Store::why_nothing_came(const Error& error) {
  std::string missing;
  const auto looked = quietly([&] {
    for (std::size_t rank = 0; rank < environment_.size; ++rank)
      if (!store_->check({key(calls_, rank)})) {
        absent_.push_back(rank);
        missing += fmt::format("{}{}", missing.empty() ? "" : ", ", rank);
      }
    return 0;
  });
  lost_ = !looked.has_value();
  if (lost_ || missing.empty())
    return {ErrorKind::kFailed, fmt::format("process {} of {} has lost the store at {}: {}", environment_.rank,
                                            environment_.size, environment_.address(), error.message)};
  return {ErrorKind::kFailed,
          fmt::format("process {} of {} waited {} s at {} for process {} in vain: see whether it runs, and with the "
                      "RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT of the others",
                      environment_.rank, environment_.size, std::chrono::duration<double>(timeout_).count(),
                      environment_.address(), missing)};
}

Error ProcessGroup::Store::abandon(Error error) {
  (void)quietly([&] {
    store_->set(key(calls_, environment_.rank), encode(What::kFailure, static_cast<std::uint64_t>(error.kind),
                                                       std::as_bytes(std::span(error.message))));
    return 0;
  });
  return end(std::move(error));
}

Result<std::vector<std::span<const std::byte>>> ProcessGroup::Store::exchange(What what, std::uint64_t count,
                                                                              std::span<const std::byte> payload,
                                                                              std::vector<Bytes>* into) {
  if (ended_) return tl::unexpected(*ended_);
  std::vector<std::string> keys;
  for (std::size_t rank = 0; rank < environment_.size; ++rank) keys.push_back(key(calls_, rank));
  auto posts = quietly([&] {
    store_->set(keys[environment_.rank], encode(what, count, payload));
    return store_->multiGet(keys);  // waits for them
  });
  if (!posts) return tl::unexpected(end(why_nothing_came(posts.error())));
  *into = *std::move(posts);

  std::vector<Message> messages;
  for (std::size_t rank = 0; rank < environment_.size; ++rank) {
    const std::optional<Message> message = decode((*into)[rank]);
    if (message && message->what == What::kFailure) {
      const std::string_view said(reinterpret_cast<const char*>(message->payload.data()), message->payload.size());
      return tl::unexpected(end({static_cast<ErrorKind>(message->count),
                                 fmt::format("process {} of {} failed: {}", rank, environment_.size, said)}));
    }
    messages.push_back(message.value_or(Message{}));
  }
  std::vector<std::span<const std::byte>> payloads;
  for (std::size_t rank = 0; rank < environment_.size; ++rank) {
    if (messages[rank].what != what || messages[rank].count != count)
      return tl::unexpected(end(
          {ErrorKind::kFailed, fmt::format("processes {} and {} of {} are not at the same step: they exchange {} and "
                                           "{} bytes, or for different ends; start them with the same command line",
                                           environment_.rank, rank, environment_.size, count, messages[rank].count)}));
    payloads.push_back(messages[rank].payload);
  }
  // Whoever has come to this call has read all of the call before.
  if (calls_ > 0) (void)quietly([&] { return store_->deleteKey(key(calls_ - 1, environment_.rank)); });
  ++calls_;
  return payloads;
}

// ---- The group

ProcessGroup::ProcessGroup(std::unique_ptr<Store> store) : store_(std::move(store)) {}
ProcessGroup::~ProcessGroup() = default;

Result<std::unique_ptr<ProcessGroup>> ProcessGroup::from_environment(std::chrono::milliseconds timeout) {
  WOOTZ_TRY(const Environment environment, read_environment());
  if (environment.size == 1) return std::unique_ptr<ProcessGroup>(new ProcessGroup(nullptr));
  const Clock::time_point deadline = Clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    auto store = Store::open(environment, std::max(left, std::chrono::milliseconds(1)), timeout);
    Result<> met;
    if (store) {
      std::unique_ptr<ProcessGroup> group(new ProcessGroup(*std::move(store)));
      met = group->barrier();
      if (met || !group->store_->lost()) return met.map([&] { return std::move(group); });
    } else {
      met = tl::unexpected(store.error());
    }
    // An earlier group's first process may be closing its store while this one comes to its next group.
    if (environment.is_server || Clock::now() >= deadline) return tl::unexpected(met.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::string ProcessGroup::local_rank() const { return store_ ? store_->environment().local_rank : ""; }
std::size_t ProcessGroup::rank() const { return store_ ? store_->environment().rank : 0; }
std::size_t ProcessGroup::size() const { return store_ ? store_->environment().size : 1; }

Result<> ProcessGroup::sum(std::span<double> values) {
  if (!store_) return {};
  constexpr std::size_t kValues = kPiece / sizeof(double);
  std::size_t begin = 0;
  do {
    const std::span<double> piece = values.subspan(begin, std::min(kValues, values.size() - begin));
    std::vector<Bytes> kept;
    WOOTZ_TRY(const auto parts, store_->exchange(What::kSum, values.size_bytes(), std::as_bytes(piece), &kept));
    for (std::size_t rank = 0; rank < parts.size(); ++rank) {
      WOOTZ_CHECK(parts[rank].size() == piece.size_bytes());
      for (std::size_t i = 0; i < piece.size(); ++i) {
        double part = 0;
        std::memcpy(&part, &parts[rank][i * sizeof(double)], sizeof(double));
        piece[i] = rank == 0 ? part : piece[i] + part;
      }
    }
    begin += piece.size();
  } while (begin < values.size());
  return {};
}

Result<> ProcessGroup::broadcast(std::span<std::byte> bytes) {
  if (!store_) return {};
  std::size_t begin = 0;
  do {
    const std::span<std::byte> piece = bytes.subspan(begin, std::min(kPiece, bytes.size() - begin));
    std::vector<Bytes> kept;
    const std::span<const std::byte> brought = is_first() ? piece : std::span<std::byte>();
    WOOTZ_TRY(const auto parts, store_->exchange(What::kBroadcast, bytes.size(), brought, &kept));
    WOOTZ_CHECK(parts[0].size() == piece.size());
    std::ranges::copy(parts[0], piece.begin());
    begin += piece.size();
  } while (begin < bytes.size());
  return {};
}

Result<> ProcessGroup::barrier() {
  if (!store_) return {};
  std::vector<Bytes> kept;
  WOOTZ_RETURN_IF_ERROR(store_->exchange(What::kBarrier, 0, {}, &kept));
  return {};
}

Result<> ProcessGroup::agree(const Result<>& mine) {
  if (!store_ || (!mine && store_->ended())) return mine;
  if (!mine) return tl::unexpected(store_->abandon(mine.error()));
  return barrier();
}

}  // namespace wootz
