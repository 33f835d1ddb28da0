#include "ops/cpu/gemm.h"

#include <cblas.h>

namespace octet::ops::cpu {
namespace {

blasint as_blasint(int64_t n) { return static_cast<blasint>(n); }

}  // namespace

void gemm(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float beta, float* c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, as_blasint(m), as_blasint(n), as_blasint(k), 1.0f, a, as_blasint(k), b,
              as_blasint(n), beta, c, as_blasint(n));
}

void gemm_nt(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float beta, float* c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, as_blasint(m), as_blasint(n), as_blasint(k), 1.0f, a, as_blasint(k), b,
              as_blasint(k), beta, c, as_blasint(n));
}

void gemm_tn(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float beta, float* c) {
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, as_blasint(m), as_blasint(n), as_blasint(k), 1.0f, a, as_blasint(m), b,
              as_blasint(n), beta, c, as_blasint(n));
}

}  // namespace octet::ops::cpu
