#include "wootz/eval/batch_cache.h"

namespace wootz {

const CachedBatches* BatchCache::find(const std::string& key) const {
  const auto found = kept_.find(key);
  return found == kept_.end() ? nullptr : &found->second;
}

bool BatchCache::reserve(std::uint64_t bytes) {
  if (bytes > left_) return false;
  left_ -= bytes;
  return true;
}

void BatchCache::insert(const std::string& key, CachedBatches batches) {
  kept_.insert_or_assign(key, std::move(batches));
}

std::uint64_t memory_of(const Batch& batch) {
  return batch.pixels.capacity() * sizeof(float) +
         (batch.tokens.capacity() + batch.lengths.capacity()) * sizeof(std::int64_t) +
         batch.items.capacity() * sizeof(std::size_t) + batch.labels.capacity() * sizeof(int);
}

}  // namespace wootz
