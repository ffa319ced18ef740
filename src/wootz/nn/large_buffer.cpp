#include "wootz/nn/large_buffer.h"

#include <sys/mman.h>

#include <new>

namespace wootz::ops {

Buffer make_buffer(std::int64_t floats) {
  constexpr std::size_t kHugePage = std::size_t{1} << 21, kLine = 64;
  const std::size_t wanted = static_cast<std::size_t>(floats) * sizeof(float);
  const std::size_t alignment = wanted < 2 * kHugePage ? kLine : kHugePage;
  const std::size_t bytes = (wanted + alignment) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, bytes);
  if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  // A hint: where there are none, nothing is lost.
  if (alignment == kHugePage) (void)madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return Buffer(static_cast<float*>(memory));
}

}  // namespace wootz::ops
