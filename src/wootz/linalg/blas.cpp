#include "wootz/linalg/blas.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <string_view>
#include <vector>

namespace {

// The newest kernels of three kinds that stand for all processors: an older OpenBLAS takes the slowest ones on a
// processor that it does not know. What the user says comes first.
const char* best_core() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
  return "Prescott";
}

// OpenBLAS's buffers: as many as there ever were threads that called it at once. The same ones are given out again, so
// that only those pages count that are in use.
class Buffers {
 public:
  void* take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        void* const buffer = idle_.back();
        idle_.pop_back();
        return buffer;
      }
    }
    void* const made = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED) throw std::bad_alloc();
    return made;
  }
  void give_back(void* buffer) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(buffer);
  }

 private:
  static constexpr std::size_t kSize = std::size_t{32} << 22;  // what OpenBLAS was built for, at most
  std::mutex mutex_;
  std::vector<void*> idle_;
};
Buffers& buffers() {
  static Buffers all;
  return all;
}

}  // namespace

extern "C" void* wootz_blas_memory_alloc(int /*purpose*/) { return buffers().take(); }
extern "C" void wootz_blas_memory_free(void* buffer) { buffers().give_back(buffer); }

// OpenBLAS asks for its settings here, before main. The size of the second-level cache decides how products are cut,
// and thereby their last bits: it is one figure everywhere, and not what a virtual machine says of itself.
extern "C" char* wootz_blas_getenv(const char* name) {
  if (char* const said = std::getenv(name)) return said;
  const std::string_view asked = name;
  if (asked == "OPENBLAS_CORETYPE") return const_cast<char*>(best_core());
  if (asked == "OPENBLAS_L2_SIZE") return const_cast<char*>("1024");
  return nullptr;
}

// The one function of the Fortran library that LAPACK calls: two strings, one after the other, filled up with blanks.
extern "C" void wootz_blas_gfortran_concat_string(std::size_t size, char* out, std::size_t first_size,
                                                  const char* first, std::size_t second_size, const char* second) {
  const std::size_t from_first = std::min(size, first_size);
  const std::size_t from_second = std::min(size - from_first, second_size);
  std::memcpy(out, first, from_first);
  std::memcpy(out + from_first, second, from_second);
  std::memset(out + from_first + from_second, ' ', size - from_first - from_second);
}

namespace wootz::blas {
namespace {

// A sequence without structure, between -1 and 1.
template <typename T>
std::vector<T> numbers(std::size_t count, std::uint32_t seed) {
  std::vector<T> made(count);
  for (T& value : made) {
    seed = seed * 1664525u + 1013904223u;
    value = static_cast<T>(static_cast<double>(seed >> 8) * 0x1p-23 - 1.0);
  }
  return made;
}

template <typename T>
bool product_is_right() {
  constexpr std::size_t kRows = 150, kColumns = 70, kDepth = 600;
  const Int rows = kRows, columns = kColumns, depth = kDepth;
  const std::vector<T> a = numbers<T>(kRows * kDepth, 1);
  const std::vector<T> b = numbers<T>(kDepth * kColumns, 2);
  std::vector<T> c(kRows * kColumns);
  const T one = 1, zero = 0;
  Routines<T>::gemm("N", "N", &rows, &columns, &depth, &one, a.data(), &rows, b.data(), &depth, &zero, c.data(), &rows);
  for (std::size_t i = 0; i < kRows; ++i)
    for (std::size_t j = 0; j < kColumns; ++j) {
      double sum = 0.0;
      for (std::size_t k = 0; k < kDepth; ++k)
        sum += static_cast<double>(a[k * kRows + i]) * static_cast<double>(b[j * kDepth + k]);
      const double off = std::abs(sum - static_cast<double>(c[j * kRows + i]));
      if (!(off < 1e3 * static_cast<double>(std::numeric_limits<T>::epsilon()))) return false;
    }
  return true;
}

// The trace of the square is the sum of the eigenvalues' squares.
bool eigenvalues_are_right() {
  constexpr std::size_t kSize = 80, kWork = 1 + 6 * kSize + 2 * kSize * kSize, kIntWork = 3 + 5 * kSize;
  const Int size = kSize, work_size = kWork, int_work_size = kIntWork;
  std::vector<double> a = numbers<double>(kSize * kSize, 3);
  for (std::size_t i = 0; i < kSize; ++i)
    for (std::size_t j = 0; j < i; ++j) a[i * kSize + j] = a[j * kSize + i];
  double expected = 0.0;
  for (const double value : a) expected += value * value;
  std::vector<double> values(kSize), work(kWork);
  std::vector<Int> int_work(kIntWork);
  Int info = 0;
  wootz_dsyevd_("V", "L", &size, a.data(), &size, values.data(), work.data(), &work_size, int_work.data(),
                &int_work_size, &info);
  double found = 0.0;
  for (const double value : values) found += value * value;
  return info == 0 && std::abs(found - expected) < 1e-9 * expected;
}

}  // namespace

Result<> check() {
  static const bool right = product_is_right<float>() && product_is_right<double>() && eigenvalues_are_right();
  if (right) return {};
  return fail(ErrorKind::kFailed,
              "OpenBLAS computes wrong numbers on this processor with its kernels for {}; set the environment variable "
              "OPENBLAS_CORETYPE to another kind, for instance Haswell, and run again",
              core_name());
}

const char* core_name() { return wootz_openblas_get_corename(); }

}  // namespace wootz::blas
