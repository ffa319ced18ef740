// The routines of BLAS and LAPACK that linalg calls: by column, with Fortran's arguments. cmake/make_blas_object.sh
// gives them these names. Only linalg's own files include this.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "wootz/core/result.h"

namespace wootz::blas {

using Int = std::int32_t;

/// Bytes of the buffers that OpenBLAS keeps for a thread that works on matrices of so many rows or columns: packed
/// parts of both factors, 448 deep at most.
constexpr std::uint64_t thread_memory(std::size_t size) {
  constexpr std::uint64_t kMost = std::uint64_t{32} << 20;
  return std::min<std::uint64_t>(kMost, (std::uint64_t{3} << 20) + size * 448 * sizeof(double));
}

/// Fails (kFailed) where this machine's OpenBLAS computes wrong numbers, as old ones do on processors that they do not
/// know. Tried once, by products and an eigenproblem that are known.
Result<> check();

/// The processor whose kernels are used: "Haswell", "SkylakeX", ...
const char* core_name();

}  // namespace wootz::blas

extern "C" {
using wootz_blas_int = wootz::blas::Int;

void wootz_sgemm_(const char* transa, const char* transb, const wootz_blas_int* m, const wootz_blas_int* n,
                  const wootz_blas_int* k, const float* alpha, const float* a, const wootz_blas_int* lda,
                  const float* b, const wootz_blas_int* ldb, const float* beta, float* c, const wootz_blas_int* ldc);
void wootz_dgemm_(const char* transa, const char* transb, const wootz_blas_int* m, const wootz_blas_int* n,
                  const wootz_blas_int* k, const double* alpha, const double* a, const wootz_blas_int* lda,
                  const double* b, const wootz_blas_int* ldb, const double* beta, double* c, const wootz_blas_int* ldc);
void wootz_strsm_(const char* side, const char* uplo, const char* transa, const char* diag, const wootz_blas_int* m,
                  const wootz_blas_int* n, const float* alpha, const float* a, const wootz_blas_int* lda, float* b,
                  const wootz_blas_int* ldb);
void wootz_dtrsm_(const char* side, const char* uplo, const char* transa, const char* diag, const wootz_blas_int* m,
                  const wootz_blas_int* n, const double* alpha, const double* a, const wootz_blas_int* lda, double* b,
                  const wootz_blas_int* ldb);
void wootz_spotrf_(const char* uplo, const wootz_blas_int* n, float* a, const wootz_blas_int* lda,
                   wootz_blas_int* info);
void wootz_dpotrf_(const char* uplo, const wootz_blas_int* n, double* a, const wootz_blas_int* lda,
                   wootz_blas_int* info);
void wootz_ssyevd_(const char* jobz, const char* uplo, const wootz_blas_int* n, float* a, const wootz_blas_int* lda,
                   float* w, float* work, const wootz_blas_int* lwork, wootz_blas_int* iwork,
                   const wootz_blas_int* liwork, wootz_blas_int* info);
void wootz_dsyevd_(const char* jobz, const char* uplo, const wootz_blas_int* n, double* a, const wootz_blas_int* lda,
                   double* w, double* work, const wootz_blas_int* lwork, wootz_blas_int* iwork,
                   const wootz_blas_int* liwork, wootz_blas_int* info);
void wootz_ssytrd_(const char* uplo, const wootz_blas_int* n, float* a, const wootz_blas_int* lda, float* d, float* e,
                   float* tau, float* work, const wootz_blas_int* lwork, wootz_blas_int* info);
void wootz_dsytrd_(const char* uplo, const wootz_blas_int* n, double* a, const wootz_blas_int* lda, double* d,
                   double* e, double* tau, double* work, const wootz_blas_int* lwork, wootz_blas_int* info);
void wootz_ssterf_(const wootz_blas_int* n, float* d, float* e, wootz_blas_int* info);
void wootz_dsterf_(const wootz_blas_int* n, double* d, double* e, wootz_blas_int* info);
void wootz_sstemr_(const char* jobz, const char* range, const wootz_blas_int* n, float* d, float* e, const float* vl,
                   const float* vu, const wootz_blas_int* il, const wootz_blas_int* iu, wootz_blas_int* m, float* w,
                   float* z, const wootz_blas_int* ldz, const wootz_blas_int* nzc, wootz_blas_int* isuppz,
                   wootz_blas_int* tryrac, float* work, const wootz_blas_int* lwork, wootz_blas_int* iwork,
                   const wootz_blas_int* liwork, wootz_blas_int* info);
void wootz_dstemr_(const char* jobz, const char* range, const wootz_blas_int* n, double* d, double* e, const double* vl,
                   const double* vu, const wootz_blas_int* il, const wootz_blas_int* iu, wootz_blas_int* m, double* w,
                   double* z, const wootz_blas_int* ldz, const wootz_blas_int* nzc, wootz_blas_int* isuppz,
                   wootz_blas_int* tryrac, double* work, const wootz_blas_int* lwork, wootz_blas_int* iwork,
                   const wootz_blas_int* liwork, wootz_blas_int* info);
void wootz_sormtr_(const char* side, const char* uplo, const char* trans, const wootz_blas_int* m,
                   const wootz_blas_int* n, const float* a, const wootz_blas_int* lda, const float* tau, float* c,
                   const wootz_blas_int* ldc, float* work, const wootz_blas_int* lwork, wootz_blas_int* info);
void wootz_dormtr_(const char* side, const char* uplo, const char* trans, const wootz_blas_int* m,
                   const wootz_blas_int* n, const double* a, const wootz_blas_int* lda, const double* tau, double* c,
                   const wootz_blas_int* ldc, double* work, const wootz_blas_int* lwork, wootz_blas_int* info);
char* wootz_openblas_get_corename();
}

namespace wootz::blas {

/// One name for both precisions.
template <typename T>
struct Routines;
template <>
struct Routines<float> {
  static constexpr auto gemm = wootz_sgemm_;
  static constexpr auto trsm = wootz_strsm_;
  static constexpr auto potrf = wootz_spotrf_;
  static constexpr auto syevd = wootz_ssyevd_;
  static constexpr auto sytrd = wootz_ssytrd_;
  static constexpr auto sterf = wootz_ssterf_;
  static constexpr auto stemr = wootz_sstemr_;
  static constexpr auto ormtr = wootz_sormtr_;
};
template <>
struct Routines<double> {
  static constexpr auto gemm = wootz_dgemm_;
  static constexpr auto trsm = wootz_dtrsm_;
  static constexpr auto potrf = wootz_dpotrf_;
  static constexpr auto syevd = wootz_dsyevd_;
  static constexpr auto sytrd = wootz_dsytrd_;
  static constexpr auto sterf = wootz_dsterf_;
  static constexpr auto stemr = wootz_dstemr_;
  static constexpr auto ormtr = wootz_dormtr_;
};

}  // namespace wootz::blas
