// cuBLAS is loaded when the first product is wanted: its libraries take hundreds of megabytes, which programs that compute on the
// CPU must not pay for.
#include <cublas_v2.h>
#include <dlfcn.h>

#include <algorithm>

#include "ops/cuda/gemm.h"
#include "tensor/cuda/caching_allocator.h"
#include "tensor/cuda/check.h"
#include "tensor/cuda/runtime.h"

namespace octet::ops::cuda {
namespace {

bool tf32 = false;

class Cublas {
 public:
  Cublas() {
    const std::string name = str("libcublas.so.", CUBLAS_VER_MAJOR);
    std::string why;
    for (const char* folder : {"", OCTET_CUDA_LIBRARY_DIR "/", "/usr/local/cuda/lib64/"})  // first where the system looks
      if (library_ == nullptr) library_ = open(folder + name, why);
    OCTET_CHECK(library_ != nullptr, "cannot load cuBLAS (", why, "); install cuBLAS of CUDA ", CUBLAS_VER_MAJOR,
                " or add its folder to LD_LIBRARY_PATH");
    find(create_, "cublasCreate_v2");
    find(set_stream_, "cublasSetStream_v2");
    find(set_workspace_, "cublasSetWorkspace_v2");
    find(set_math_mode_, "cublasSetMathMode");
    find(gemm_, "cublasSgemmStridedBatched");
    find(name_of_, "cublasGetStatusString");
    check(create_(&handle_), "cublasCreate");
    check(set_stream_(handle_, octet::cuda::stream()), "cublasSetStream");
    // cuBLAS would allocate a workspace of its own for each Replay. Sizes are those of its documentation, cublasSetWorkspace.
    const size_t bytes = size_t{octet::cuda::device().major >= 9 ? 32u : 8u} << 20;
    const octet::cuda::UseAllocator common(nullptr);
    workspace_ = octet::cuda::allocate(bytes);
    check(set_workspace_(handle_, workspace_.get(), bytes), "cublasSetWorkspace");
  }

  // cuBLAS is column-major, where our matrices are their transposes: c' [n, m] = op(b)' * op(a)'
  void multiply(const Gemm& g) {
    check(set_math_mode_(handle_, tf32 ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH), "cublasSetMathMode");
    const float one = 1;
    check(gemm_(handle_, g.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, g.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, size(g.n),
                size(g.m), size(g.k), &one, g.b, leading(g.transpose_b ? g.k : g.n), g.stride_b, g.a,
                leading(g.transpose_a ? g.m : g.k), g.stride_a, &g.beta, g.c, leading(g.n), g.stride_c, size(g.batch)),
          "cublasSgemmStridedBatched");
  }

 private:
  /// Null and the first reason, if there was none before.
  static void* open(const std::string& path, std::string& why) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr && why.empty()) why = dlerror();
    return library;
  }
  template <class F>
  void find(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(library_, name));
    OCTET_CHECK(function != nullptr, "cuBLAS has no ", name, ": ", dlerror());
  }
  void check(cublasStatus_t status, const char* what) {
    OCTET_CHECK(status == CUBLAS_STATUS_SUCCESS, "CUDA: ", what, ": ", name_of_(status));
  }
  static int leading(int64_t n) { return size(std::max<int64_t>(1, n)); }  // of rows, also of none
  static int size(int64_t n) {
    OCTET_CHECK(n <= INT32_MAX, "gemm: a size of ", n, " is more than cuBLAS counts; use a smaller batch");
    return static_cast<int>(n);
  }

  void* library_ = nullptr;
  std::shared_ptr<std::byte> workspace_;
  cublasHandle_t handle_ = nullptr;
  decltype(&cublasCreate_v2) create_;
  decltype(&cublasSetStream_v2) set_stream_;
  decltype(&cublasSetWorkspace_v2) set_workspace_;
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
