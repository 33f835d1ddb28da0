// How a kernel of ops/cuda/ is written once and runs in two ways: on the device by nvcc, and as loops on the CPU, where the tests
// run it on machines without a GPU (the library octet_cuda_emulated compiles the same .cu files as C++).
//
//   map(name, n, f)              f(i) for i in [0, n), in any order, side by side
//   launch(name, grid, kernel)   kernel(block, shared) for each block of the grid. kernel.kThreads threads share a kernel.Shared;
//                                the body is a sequence of block.each_thread([&](int t) {...}), block.barrier() and
//                                block.mma(...), and what a thread keeps from one to the next is a PerThread<T>
// On the CPU a block is a loop over its threads between two barriers. Functors are copied to the device: plain values and device
// addresses only.
#pragma once

#include <cstdint>

#include "ops/cuda/mma.h"
#include "tensor/error.h"
#include "tensor/host_device.h"

#ifdef __CUDACC__
#include "tensor/cuda/check.h"
#else
#include <vector>

#include "tensor/cuda/emulation.h"
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

#else

template <class F>
void map(const char* name, int64_t n, const F& f) {
  check_elements(name, n);
  octet::cuda::submit([n, f] {
#pragma omp parallel for if (n > 4096)
    for (int64_t i = 0; i < n; ++i) f(static_cast<uint32_t>(i));
  });
}

class Block {
 public:
  Block(int x, int y, int threads) : x_(x), y_(y), threads_(threads) {}

  template <class T>
  class PerThread {
   public:
    T& operator[](int thread) {
      if (static_cast<size_t>(thread) >= values_.size()) values_.resize(static_cast<size_t>(thread) + 1);
      return values_[static_cast<size_t>(thread)];
    }

   private:
    std::vector<T> values_;
  };

  int x() const { return x_; }
  int y() const { return y_; }

  template <class F>
  void each_thread(F&& f) {
    for (int t = 0; t < threads_; ++t) f(t);
  }
  void barrier() {}

  template <class F>
  void mma(F&& operands) {
    for (int warp = 0; warp < threads_ / kWarp; ++warp) {
      MmaOperands lanes[kWarp];
      for (int lane = 0; lane < kWarp; ++lane) lanes[lane] = operands(warp * kWarp + lane);
      mma_u8_s8(lanes);
    }
  }

 private:
  int x_, y_, threads_;
};

template <class T>
void atomic_add(T* to, T value) {
  __atomic_fetch_add(to, value, __ATOMIC_RELAXED);
}

template <class Kernel>
void launch(const char*, Grid grid, const Kernel& kernel) {
  octet::cuda::submit([grid, kernel] {
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int64_t y = 0; y < grid.y; ++y)
      for (int64_t x = 0; x < grid.x; ++x) {
        std::vector<std::byte> bytes(sizeof(typename Kernel::Shared) + 64, std::byte{0xA5});  // not zero, as on the device
        const size_t off = (64 - reinterpret_cast<uintptr_t>(bytes.data()) % 64) % 64;
        Block block(static_cast<int>(x), static_cast<int>(y), Kernel::kThreads);
        kernel(block, *reinterpret_cast<typename Kernel::Shared*>(bytes.data() + off));
      }
  });
}

#endif

}  // namespace octet::ops::cuda
