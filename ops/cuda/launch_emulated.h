// The emulated form of launch.h, which includes it: kernels on the CPU.
//
// A block is run in one of two ways (tensor/cuda/emulation.h: block_order):
//   loops               each step of the body is a loop over the threads, and ends for all before the next begins. Fast, and
//                       cannot see that a barrier is missing.
//   forward, backward   each thread goes through the body by itself, as on the device, up to the next barrier; then the next
//                       thread does, in this order or the other. What a thread reads too early or overwrites too soon then shows
//                       in the result.
// An asynchronous copy is done when it is waited for and no sooner, and with `backward` at once: a wait that is missing shows in
// the first, a place that is still read in the second.
#pragma once

#include <cstring>
#include <deque>
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
      : x_(x), y_(y), threads_(threads), fibers_(fibers), lanes_(static_cast<size_t>(threads)), copies_(lanes_.size()) {}

  template <class T>
  class PerThread {
   public:
    T& operator[](int thread) {
      if (static_cast<size_t>(thread) >= values_.size()) values_.resize(static_cast<size_t>(thread) + 1);
      return values_[static_cast<size_t>(thread)];
    }

   private:
    std::deque<T> values_;  // which stay where they are when more come
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
    by_warp(&Lane::mma, operands, [](const MmaOperands(&lanes)[kWarp]) { mma_u8_s8(lanes); });
  }

  template <class F>
  void load_matrices(F&& rows) {
    by_warp(&Lane::row, rows, [](const MatrixRow(&lanes)[kWarp]) { octet::ops::cuda::load_matrices(lanes); });
  }

  template <int kBytes>
  void copy_async(int t, void* to, const void* from, bool read = true) {
    const Copy copy{to, read ? from : nullptr, kBytes};
    if (octet::cuda::block_order() == octet::cuda::BlockOrder::backward) return copy.run();
    copies_[static_cast<size_t>(t)].open.push_back(copy);
  }
  void commit_copies() {
    each_thread([&](int t) {
      Copies& mine = copies_[static_cast<size_t>(t)];
      mine.groups.push_back(std::move(mine.open));
      mine.open.clear();
    });
  }
  template <int kLast>
  void wait_copies() {
    each_thread([&](int t) {
      std::deque<std::vector<Copy>>& groups = copies_[static_cast<size_t>(t)].groups;
      for (; groups.size() > static_cast<size_t>(kLast); groups.pop_front())
        for (const Copy& copy : groups.front()) copy.run();
    });
  }

 private:
  struct Lane {
    MmaOperands mma;
    MatrixRow row;
  };
  struct Copy {
    void* to;
    const void* from;  // null: zeros
    size_t bytes;
    void run() const { from ? std::memcpy(to, from, bytes) : std::memset(to, 0, bytes); }
  };
  struct Copies {  // of one thread
    std::vector<Copy> open;
    std::deque<std::vector<Copy>> groups;
  };

  /// Every thread t puts give(t) into its lane's part; then work is done on those of each warp.
  template <class Part, class Give, class Work>
  void by_warp(Part Lane::*part, Give&& give, Work&& work) {
    const auto put = [&](int t) { lanes_[static_cast<size_t>(t)].*part = give(t); };
    const auto work_on = [&](int first) {
      Part parts[kWarp];
      for (int i = 0; i < kWarp; ++i) parts[i] = lanes_[static_cast<size_t>(first + i)].*part;
      work(parts);
    };
    if (!fibers_) {
      for (int t = 0; t < threads_; ++t) put(t);
      for (int first = 0; first < threads_; first += kWarp) work_on(first);
      return;
    }
    const int t = fibers_->current(), first = t / kWarp * kWarp;
    put(t);
    if (fibers_->wait_for_all(first, kWarp)) work_on(first);  // by the last one to come
    fibers_->wait_for_all(first, kWarp);
  }

  int x_, y_, threads_;
  octet::cuda::Fibers* fibers_;  // null: loops
  std::vector<Lane> lanes_;
  std::vector<Copies> copies_;
};

inline void keep(int&) {}

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
