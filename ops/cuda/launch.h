// How a kernel of ops/cuda/ is written once and runs in two ways: on the device by nvcc, and as loops on the CPU, where the tests
// run it on machines without a GPU (the library octet_cuda_emulated compiles the same .cu files as C++).
//
//   map(name, n, f)              f(i) for i in [0, n), in any order, side by side
//   launch(name, grid, kernel)   kernel(block, shared) for each block of the grid. kernel.kThreads threads share a kernel.Shared;
//                                the body is a sequence of block.each_thread([&](int t) {...}), block.barrier() and
//                                block.mma(...), and what a thread keeps from one to the next is a PerThread<T>
// A block also copies from the device's memory to shared memory while it computes: copy_async starts a copy, commit_copies ends a
// group of them, wait_copies<N> waits until all groups but the last N have arrived. Each thread waits for its own; a barrier
// after it, and they are everyone's.
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
  /// rows(t): the MatrixRow of thread t.
  template <class F>
  __device__ void load_matrices(F&& rows) {
    octet::ops::cuda::load_matrices(rows(static_cast<int>(threadIdx.x)));
  }

  /// Thread t: kBytes (4, 8 or 16, aligned so) to shared memory; zeros where there is nothing to read.
  template <int kBytes>
  __device__ void copy_async(int, void* to, const void* from, bool read = true) {
#if __CUDA_ARCH__ >= 800
    const auto shared = static_cast<uint32_t>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared), "l"(from), "n"(kBytes), "r"(read ? kBytes : 0)
                 : "memory");
#else  // at once
    for (int i = 0; i < kBytes / 4; ++i) static_cast<uint32_t*>(to)[i] = read ? static_cast<const uint32_t*>(from)[i] : 0;
#endif
  }
  __device__ void commit_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
    __syncwarp();  // threads may have gone different ways to their addresses; what a warp does as one comes next
  }
  template <int kLast>
  __device__ void wait_copies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(kLast) : "memory");
#endif
  }
};

/// A value that is not to be computed once more to save a register.
__device__ inline void keep(int& value) { asm volatile("" : "+r"(value)); }

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
