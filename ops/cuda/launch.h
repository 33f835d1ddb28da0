// How a kernel of ops/cuda/ is written once and runs in two ways: on the device by nvcc, and as loops on the CPU, where the tests
// run it on machines without a GPU (the library octet_cuda_emulated compiles the same .cu files as C++).
//
//   map(name, n, f)              f(i) for i in [0, n), in any order, side by side
//   launch(name, grid, kernel)   kernel(block, shared) for each block of the grid. kernel.kThreads threads share a kernel.Shared;
//                                the body is a sequence of block.each_thread([&](int t) {...}), block.barrier() and
//                                block.mma(...), and what a thread keeps from one to the next is a PerThread<T>
// Functors are copied to the device: plain values and device addresses only. How it runs on the CPU: launch_emulated.h.
#pragma once

#include <cstdint>

#include "ops/cuda/mma.h"
#include "tensor/error.h"
#include "tensor/host_device.h"

#ifdef __CUDACC__
#include "tensor/cuda/check.h"
#endif

namespace octet::ops::cuda {

struct Grid {
  int64_t x = 1, y = 1;
};

constexpr int kWarp = 32;

/// Kernels count with 32 bits, which the device divides several times faster.
constexpr int64_t kMostElements = (int64_t{1} << 31) - 1;
inline void check_elements(const char* name, int64_t n) {
  OCTET_CHECK(n <= kMostElements, name, ": ", n, " elements are more than a kernel counts; use a smaller batch");
}

#ifdef __CUDACC__

inline void check_launch(const char* name) {
  const cudaError_t error = cudaGetLastError();
  OCTET_CHECK(error == cudaSuccess, "CUDA: kernel ", name, ": ", cudaGetErrorString(error), " (", cudaGetErrorName(error), ")");
}

template <class F>
__global__ void map_kernel(uint32_t n, F f) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) f(i);
}

template <class F>
void map(const char* name, int64_t n, const F& f) {
  constexpr uint32_t kThreads = 256;
  check_elements(name, n);
  if (n == 0) return;
  const auto count = static_cast<uint32_t>(n);
  map_kernel<<<(count + kThreads - 1) / kThreads, kThreads, 0, octet::cuda::stream()>>>(count, f);
  check_launch(name);
}

class Block {
 public:
  template <class T>
  struct PerThread {
    T mine;
    __device__ T& operator[](int) { return mine; }
  };

  __device__ int x() const { return static_cast<int>(blockIdx.x); }
  __device__ int y() const { return static_cast<int>(blockIdx.y); }

  template <class F>
  __device__ void each_thread(F&& f) {
    f(static_cast<int>(threadIdx.x));
  }
  __device__ void barrier() { __syncthreads(); }

  /// operands(t): the MmaOperands of thread t.
  template <class F>
  __device__ void mma(F&& operands) {
    mma_u8_s8(operands(static_cast<int>(threadIdx.x)));
  }
};

__device__ inline void atomic_add(uint32_t* to, uint32_t value) { atomicAdd(to, value); }
__device__ inline void atomic_add(uint64_t* to, uint64_t value) {
  atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(value));
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) block_kernel(Kernel kernel) {
  __shared__ typename Kernel::Shared shared;
  Block block;
  kernel(block, shared);
}

template <class Kernel>
void launch(const char* name, Grid grid, const Kernel& kernel) {
  if (grid.x == 0 || grid.y == 0) return;
  OCTET_CHECK(grid.x <= kMostElements && grid.y <= 65535, name, ": a grid of ", grid.x, " x ", grid.y,
              " blocks; use a smaller batch");
  block_kernel<<<dim3(static_cast<uint32_t>(grid.x), static_cast<uint32_t>(grid.y)), Kernel::kThreads, 0,
                 octet::cuda::stream()>>>(kernel);
  check_launch(name);
}

#endif

}  // namespace octet::ops::cuda

#ifndef __CUDACC__
#include "ops/cuda/launch_emulated.h"
#endif
