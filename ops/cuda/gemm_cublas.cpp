// cuBLAS is loaded when the first product is wanted: its libraries take hundreds of megabytes, which programs that compute on the
// CPU must not pay for.
#include <cublas_v2.h>
#include <dlfcn.h>

#include "ops/cuda/gemm.h"
#include "tensor/cuda/check.h"

namespace octet::ops::cuda {
namespace {

bool tf32 = false;

class Cublas {
 public:
  Cublas() {
    const std::string name = str("libcublas.so.", CUBLAS_VER_MAJOR);
    library_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) library_ = dlopen((OCTET_CUDA_LIBRARY_DIR "/" + name).c_str(), RTLD_NOW | RTLD_LOCAL);
    OCTET_CHECK(library_ != nullptr, name, " was not found; install cuBLAS of CUDA ", CUBLAS_VER_MAJOR,
                " or add its folder to LD_LIBRARY_PATH");
    find(create_, "cublasCreate_v2");
    find(set_stream_, "cublasSetStream_v2");
    find(set_math_mode_, "cublasSetMathMode");
    find(gemm_, "cublasSgemmStridedBatched");
    find(name_of_, "cublasGetStatusString");
    check(create_(&handle_), "cublasCreate");
    check(set_stream_(handle_, octet::cuda::stream()), "cublasSetStream");
  }

  // cuBLAS is column-major, where our matrices are their transposes: c' [n, m] = op(b)' * op(a)'
  void multiply(const Gemm& g) {
    check(set_math_mode_(handle_, tf32 ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH), "cublasSetMathMode");
    const float one = 1;
    check(gemm_(handle_, g.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, g.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, size(g.n),
                size(g.m), size(g.k), &one, g.b, size(g.transpose_b ? g.k : g.n), g.stride_b, g.a,
                size(g.transpose_a ? g.m : g.k), g.stride_a, &g.beta, g.c, size(g.n), g.stride_c, size(g.batch)),
          "cublasSgemmStridedBatched");
  }

 private:
  template <class F>
  void find(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(library_, name));
    OCTET_CHECK(function != nullptr, "cuBLAS has no ", name, ": ", dlerror());
  }
  void check(cublasStatus_t status, const char* what) {
    OCTET_CHECK(status == CUBLAS_STATUS_SUCCESS, "CUDA: ", what, ": ", name_of_(status));
  }
  static int size(int64_t n) {
    OCTET_CHECK(n <= INT32_MAX, "gemm: a size of ", n, " is more than cuBLAS counts; use a smaller batch");
    return static_cast<int>(n);
  }

  void* library_;
  cublasHandle_t handle_ = nullptr;
  decltype(&cublasCreate_v2) create_;
  decltype(&cublasSetStream_v2) set_stream_;
  decltype(&cublasSetMathMode) set_math_mode_;
  decltype(&cublasSgemmStridedBatched) gemm_;
  decltype(&cublasGetStatusString) name_of_;
};

}  // namespace

void gemm(const Gemm& g) {
  static Cublas& cublas = *new Cublas;
  if (g.m == 0 || g.n == 0 || g.batch == 0) return;
  cublas.multiply(g);
}

void allow_tf32(bool allowed) { tf32 = allowed; }

}  // namespace octet::ops::cuda
