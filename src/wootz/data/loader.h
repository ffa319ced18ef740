// Batches made in the background, while the network works on earlier ones.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wootz/data/batch.h"
#include "wootz/data/encoder.h"

namespace wootz {

/// One use of an item.
struct Draw {
  std::size_t index = 0;   ///< into the data set
  std::uint64_t draw = 0;  ///< what its random changes depend on
};

/// Items that could not be read, kept for the report. Shared by the loaders of a run; thread-safe.
class BadItems {
 public:
  explicit BadItems(std::size_t tolerated);
  /// Notes an error; fails with it (and how to tolerate some) once there are more than tolerated. One that is noted
  /// already, of an item that is read again, does not count.
  Result<> add(const Error& error);
  std::vector<std::string> messages() const;

 private:
  struct State;
  std::size_t tolerated_;
  std::shared_ptr<State> state_;
};

struct LoaderOptions {
  std::size_t batch_size = 64;
  std::size_t threads = 1;  ///< that decode; 0: decode when asked, on the caller's thread
  std::size_t ahead = 4;    ///< batches ready or in work beyond the one handed out
};

/// Hands out the batches of a fixed order of draws, in that order, whatever the number of threads. A bad item that is
/// tolerated is left out of its batch. One consumer. Everything given must outlive the loader.
class Loader {
 public:
  Loader(const Dataset& data, const Encoder& encoder, std::vector<Draw> order, const LoaderOptions& options,
         BadItems& bad);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next batch, or nothing at the end. A handed-out batch's buffers return with the next call of recycle.
  Result<std::optional<Batch>> next();
  /// Gives a batch's memory back for reuse.
  void recycle(Batch batch);
  /// Seconds the consumer has waited in next().
  double waited() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Every item once, in order.
std::vector<Draw> in_order(std::size_t size);
/// Every item once, shuffled by seed and epoch; each with a draw of its own.
std::vector<Draw> shuffled(std::size_t size, std::uint64_t seed, std::uint64_t epoch);
/// Draws [begin, end) of an endless order: epoch after epoch, each shuffled anew.
std::vector<Draw> endless(std::size_t size, std::uint64_t seed, std::uint64_t begin, std::uint64_t end);

}  // namespace wootz
