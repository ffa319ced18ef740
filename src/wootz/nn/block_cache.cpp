#include "wootz/nn/block_cache.h"

#include <sys/mman.h>

#include <c10/core/CPUAllocator.h>

#include <bit>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include "wootz/nn/torch_headers.h"

namespace wootz {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kMostCached = std::size_t{4} << 30;

// Sizes are rounded up to one of eight steps between powers of two, so that slightly different requests share blocks.
std::size_t rounded(std::size_t size) {
  if (size <= kAlignment) return kAlignment;
  const std::size_t step = std::max(kAlignment, std::bit_floor(size - 1) / 8);
  return (size + step - 1) / step * step;
}

struct Block {
  void* data;
  std::size_t size;
};

class BlockCache final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t size) override {
    if (size == 0) return {nullptr, nullptr, &release, at::Device(at::kCPU)};
    auto* block = new Block(take(rounded(size)));
    return {block->data, block, &release, at::Device(at::kCPU)};
  }
  void copy_data(void* to, const void* from, std::size_t size) const override { std::memcpy(to, from, size); }
  // Not the plain pointer: a block must remember its size.
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }

  // Never destroyed: tensors may be freed while the process ends.
  static BlockCache& instance() {
    static auto* cache = new BlockCache;
    return *cache;
  }

 private:
  static void release(void* context) {
    if (context == nullptr) return;
    auto* block = static_cast<Block*>(context);
    instance().give(*block);
    delete block;
  }

  Block take(std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = free_.find(size);
      if (found != free_.end() && !found->second.empty()) {
        void* data = found->second.back();
        found->second.pop_back();
        cached_ -= size;
        return {data, size};
      }
    }
    const std::size_t alignment = size >= kHugePage ? kHugePage : kAlignment;
    void* data = ::operator new(size, std::align_val_t(alignment));
    if (size >= kHugePage) madvise(data, size, MADV_HUGEPAGE);  // a hint; refused where there are none
    return {data, size};
  }

  void give(const Block& block) {
    {
      const std::lock_guard lock(mutex_);
      if (cached_ + block.size <= kMostCached) {
        free_[block.size].push_back(block.data);
        cached_ += block.size;
        return;
      }
    }
    ::operator delete(block.data, std::align_val_t(block.size >= kHugePage ? kHugePage : kAlignment));
  }

  std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> free_;
  std::size_t cached_ = 0;
};

}  // namespace

void keep_freed_blocks() {
  // Above torch's own default allocator, which has priority 0.
  static const bool once = [] {
    c10::SetCPUAllocator(&BlockCache::instance(), /*priority=*/100);
    return true;
  }();
  (void)once;
}

}  // namespace wootz
