#include "wootz/methods/key_store.h"

#include <algorithm>
#include <functional>

#include "wootz/core/check.h"

namespace wootz {
namespace {

constexpr std::uint32_t kMaxBins = 1u << 19;

}  // namespace

KeyStore::KeyStore(Key lowest, Key highest, std::size_t capacity)
    : lowest_(lowest), highest_(highest), capacity_(capacity) {}

void KeyStore::add(std::size_t tensor, std::uint64_t piece, std::span<const Key> keys) {
  if (keys.empty()) return;
  size_ += keys.size();
  if (bins_.empty() && keys_.size() + keys.size() > capacity_) spill();
  if (!bins_.empty()) return count(keys);
  keys_.insert(keys_.end(), keys.begin(), keys.end());
  marks_.push_back({tensor, piece, keys_.size()});
}

void KeyStore::spill() {
  const std::uint32_t span = highest_ - lowest_;
  while ((span >> shift_) >= kMaxBins) ++shift_;
  bins_.resize((span >> shift_) + 1);
  count(keys_);
  keys_ = {};
  marks_ = {};
}

void KeyStore::count(std::span<const Key> keys) {
  for (const Key key : keys) ++bins_[(key - lowest_) >> shift_];
}

KeyStore::Place KeyStore::find(std::uint64_t position) const {
  WOOTZ_CHECK(position < size_);
  return bins_.empty() ? find_kept(position) : find_binned(position);
}

KeyStore::Place KeyStore::find_kept(std::uint64_t position) const {
  std::vector<Key> order = keys_;
  const auto at = order.begin() + static_cast<std::ptrdiff_t>(position);
  std::nth_element(order.begin(), at, order.end(), std::greater<>());
  const Key key = *at;
  Place place{key, key, 0, 0};
  for (const Key other : keys_) {
    place.before += other > key ? 1 : 0;
    place.within += other == key ? 1 : 0;
  }
  return place;
}

KeyStore::Place KeyStore::find_binned(std::uint64_t position) const {
  std::uint64_t before = 0;
  std::size_t bin = bins_.size() - 1;
  for (; before + bins_[bin] <= position; --bin) before += bins_[bin];
  const Key lowest = lowest_ + (static_cast<Key>(bin) << shift_);
  const Key highest = std::min(highest_, lowest + ((Key{1} << shift_) - 1));
  return {lowest, highest, before, bins_[bin]};
}

std::optional<PieceCounts> KeyStore::pieces_with(Key key) const {
  if (!bins_.empty()) return std::nullopt;
  PieceCounts counts;
  std::size_t at = 0;
  for (const Mark& mark : marks_) {
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = keys_.begin() + static_cast<std::ptrdiff_t>(mark.end);
    counts.add(mark.tensor, mark.piece, static_cast<std::uint64_t>(std::count(begin, end, key)));
    at = mark.end;
  }
  return counts;
}

}  // namespace wootz
