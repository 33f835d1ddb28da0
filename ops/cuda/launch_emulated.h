// The emulated form of launch.h, which includes it: kernels on the CPU.
//
// A block is run in one of two ways (tensor/cuda/emulation.h: block_order):
//   loops     each step of the body is a loop over the threads, and ends for all before the next begins. Fast, and cannot see
//   that a
//             barrier is missing.
//   forward,  each thread goes through the body by itself, as on the device, up to the next barrier; then the next thread does,
//   in backward  this order or the other. What a thread reads too early or overwrites too soon then shows in the result.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "ops/cuda/launch.h"
#include "tensor/cuda/emulation.h"

namespace octet::ops::cuda {

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
  Block(int x, int y, int threads, octet::cuda::Fibers* fibers)
      : x_(x), y_(y), threads_(threads), fibers_(fibers), lanes_(static_cast<size_t>(threads)) {}

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
    if (fibers_) return f(fibers_->current());
    for (int t = 0; t < threads_; ++t) f(t);
  }

  void barrier() {
    if (fibers_) fibers_->wait_for_all(0, threads_);
  }

  template <class F>
  void mma(F&& operands) {
    if (!fibers_) {
      for (int t = 0; t < threads_; ++t) lanes_[static_cast<size_t>(t)] = operands(t);
      for (int first = 0; first < threads_; first += kWarp) multiply(first);
      return;
    }
    const int t = fibers_->current(), first = t / kWarp * kWarp;
    lanes_[static_cast<size_t>(t)] = operands(t);
    if (fibers_->wait_for_all(first, kWarp)) multiply(first);  // by the last one to come
    fibers_->wait_for_all(first, kWarp);
  }

 private:
  /// The product of the warp whose first thread that is.
  void multiply(int first) {
    MmaOperands lanes[kWarp];
    std::copy_n(lanes_.begin() + first, kWarp, lanes);
    mma_u8_s8(lanes);
  }

  int x_, y_, threads_;
  octet::cuda::Fibers* fibers_;  // null: loops
  std::vector<MmaOperands> lanes_;
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
        using Shared = typename Kernel::Shared;
        std::vector<std::byte> bytes(sizeof(Shared) + 64, std::byte{0xA5});  // not zero, as on the device
        const size_t off = (64 - reinterpret_cast<uintptr_t>(bytes.data()) % 64) % 64;
        auto& shared = *reinterpret_cast<Shared*>(bytes.data() + off);
        octet::cuda::Fibers* fibers = octet::cuda::fibers_of_this_thread(Kernel::kThreads);
        Block block(static_cast<int>(x), static_cast<int>(y), Kernel::kThreads, fibers);
        if (fibers)
          fibers->run([&] { kernel(block, shared); });
        else
          kernel(block, shared);
      }
  });
}

}  // namespace octet::ops::cuda
