// Batches kept in memory, so that several models are evaluated on data decoded and preprocessed once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wootz/data/batch.h"

namespace wootz {

/// All batches of one task, encoded one way.
struct CachedBatches {
  std::vector<Batch> batches;
  std::vector<std::string> skipped;  ///< messages of damaged items
};

/// Not thread-safe.
class BatchCache {
 public:
  /// `budget`: most bytes of batches kept, of all tasks together.
  explicit BatchCache(std::uint64_t budget) : left_(budget) {}

  /// nullptr when there is nothing under the key.
  const CachedBatches* find(const std::string& key) const;

  /// Takes a share of the budget for `bytes` more; false when not so much is left.
  bool reserve(std::uint64_t bytes);
  void release(std::uint64_t bytes) { left_ += bytes; }
  /// Keeps batches whose bytes have been reserved.
  void insert(const std::string& key, CachedBatches batches);

 private:
  std::uint64_t left_;
  std::map<std::string, CachedBatches> kept_;
};

/// Bytes of a batch's arrays.
std::uint64_t memory_of(const Batch& batch);

}  // namespace wootz
