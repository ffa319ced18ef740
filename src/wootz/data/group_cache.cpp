#include "wootz/data/group_cache.h"

#include <utility>

namespace wootz {

Result<GroupCache::Group> GroupCache::get(std::size_t number, const std::function<Result<ByteColumn>()>& read) {
  std::promise<Result<Group>> promise;
  {
    std::unique_lock lock(mutex_);
    if (const auto found = by_number_.find(number); found != by_number_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      const std::shared_future<Result<Group>> group = found->second->group;
      lock.unlock();
      return group.get();
    }
    entries_.push_front({number, promise.get_future().share(), 0});
    by_number_[number] = entries_.begin();
  }
  Result<ByteColumn> column = read();
  const std::size_t bytes = column ? column->bytes.size() + 1 : 1;
  Result<Group> group = column ? Result<Group>(std::make_shared<const ByteColumn>(*std::move(column)))
                               : Result<Group>(tl::unexpected(column.error()));
  promise.set_value(group);

  const std::lock_guard lock(mutex_);
  by_number_.at(number)->bytes = bytes;
  bytes_ += bytes;
  make_room();
  return group;
}

// Those still being read stay, and so does the one used last, however large.
void GroupCache::make_room() {
  auto last = entries_.end();
  while (bytes_ > limit_ && last != entries_.begin()) {
    --last;
    if (last->bytes == 0 || last == entries_.begin()) continue;
    bytes_ -= last->bytes;
    by_number_.erase(last->number);
    last = entries_.erase(last);
  }
}

}  // namespace wootz
