// Processes that share a loop whose steps exchange kilobytes: the gradients of a few coefficients, not of the weights.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "wootz/core/result.h"

namespace wootz {

/// The processes of one run, started by torchrun or any launcher that sets RANK, WORLD_SIZE, MASTER_ADDR and
/// MASTER_PORT. All of them make the same calls in the same order, each from one thread at a time. An error of any call
/// reaches every process, and ends the group: every later call returns it again.
class ProcessGroup {
 public:
  /// A group of one, without any network, where WORLD_SIZE is unset or 1. Otherwise waits for the others; `timeout` is
  /// about how long, here and in every call, so it must exceed the work between two calls. A process that is killed is
  /// missed only then, except the first one and where torchrun ends the others. Fails (kUsage) with the variable that
  /// is missing or wrong, and (kFailed) with who did not come, or where nobody answered.
  static Result<std::unique_ptr<ProcessGroup>> from_environment(
      std::chrono::milliseconds timeout = std::chrono::minutes(5));

  /// Tells those who still wait for this process that it is gone. The first process stays until the others have left,
  /// but at most half a minute: what they exchange may pass through it.
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  std::size_t rank() const;
  std::size_t size() const;
  /// The process's number on its machine, as the launcher's LOCAL_RANK says; empty where it does not, or in a group of
  /// one.
  std::string local_rank() const;
  bool is_first() const { return rank() == 0; }

  /// Sums element by element over all processes, in place and in the order of their ranks: the same bits everywhere.
  /// Fails on processes that bring different numbers of values.
  Result<> sum(std::span<double> values);

  /// Everyone gets the first process's bytes. Fails on processes that expect different numbers of them.
  Result<> broadcast(std::span<std::byte> bytes);

  /// Returns when every process has come here.
  Result<> barrier();

  /// Fails everywhere if one process fails: there with `mine`, at once; elsewhere with the same kind and "process R of
  /// N failed: message" (the lowest R), whichever call of this class the others are waiting in.
  Result<> agree(const Result<>& mine);

 private:
  class Store;
  explicit ProcessGroup(std::unique_ptr<Store> store);
  std::unique_ptr<Store> store_;  ///< empty: a group of one
};

}  // namespace wootz
