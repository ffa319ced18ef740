// Internal to nn: working memory of the kernels, uninitialized.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace wootz::ops {

struct FreeBuffer {
  void operator()(float* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<float[], FreeBuffer>;

/// Room for so many floats. Large buffers ask for huge pages: they are new for every call and are gone through with all
/// kinds of strides, so that half the time could go to page faults and address translation.
Buffer make_buffer(std::int64_t floats);

}  // namespace wootz::ops
