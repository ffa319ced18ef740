// The lanes of a call from some position on, for the scalar tail of a SIMD body.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace wootz::kernels {

template <typename T>
class LanesFrom {
 public:
  LanesFrom(std::span<T* const> x, std::size_t from) : size_(x.size()) {
    if (size_ > kFew) many_.resize(size_);
    T** out = data();
    for (std::size_t k = 0; k < size_; ++k) out[k] = x[k] + from;
  }
  std::span<T* const> span() const { return {size_ > kFew ? many_.data() : few_.data(), size_}; }

 private:
  static constexpr std::size_t kFew = 16;  // beyond that, an allocation
  T** data() { return size_ > kFew ? many_.data() : few_.data(); }

  std::size_t size_;
  std::array<T*, kFew> few_{};
  std::vector<T*> many_;
};

}  // namespace wootz::kernels
