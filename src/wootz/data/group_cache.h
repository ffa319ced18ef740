// Internal to data: keeps what was read last, up to a number of bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "wootz/core/result.h"
#include "wootz/data/parquet_file.h"

namespace wootz {

/// Row groups of one column, by number. Thread-safe. What several threads want at once is read once.
class GroupCache {
 public:
  using Group = std::shared_ptr<const ByteColumn>;

  explicit GroupCache(std::size_t limit) : limit_(limit) {}

  /// The group from memory, or else from `read`.
  Result<Group> get(std::size_t number, const std::function<Result<ByteColumn>()>& read);

 private:
  struct Entry {
    std::size_t number = 0;
    std::shared_future<Result<Group>> group;
    std::size_t bytes = 0;  ///< 0 while it is being read
  };
  void make_room();

  std::size_t limit_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< the last used first
  std::map<std::size_t, std::list<Entry>::iterator> by_number_;
  std::size_t bytes_ = 0;
};

}  // namespace wootz
