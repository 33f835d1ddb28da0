// Work that the threads of a parallel region share. Each thread starts with its own run of neighbouring pieces: it produced their
// inputs in the op before, so they are in its cache. Then it helps the others. OpenMP's static schedule does the first, its
// dynamic schedule the second.
#pragma once

#include <omp.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace octet::ops {

class SharedWork {
 public:
  /// Pieces [0, pieces). To be made outside of the region, for one use.
  explicit SharedWork(int64_t pieces) : pieces_(pieces), runs_(static_cast<size_t>(omp_get_max_threads())) {
    for (size_t i = 0; i < runs_.size(); ++i) runs_[i].next = begin_of(i);
  }

  /// To be called by each thread of the region: each piece(i) is called once, by any of them. Does not wait for the others.
  template <class F>
  void run(F&& piece) {
    const auto mine = static_cast<size_t>(omp_get_thread_num());
    for (size_t k = 0; k < runs_.size(); ++k) {
      const size_t run = (mine + k) % runs_.size();
      const int64_t end = begin_of(run + 1);
      for (int64_t i = runs_[run].take(); i < end; i = runs_[run].take()) piece(i);
    }
  }

 private:
  struct alignas(64) Run {  // a cache line for itself
    std::atomic<int64_t> next;
    int64_t take() { return next.fetch_add(1, std::memory_order_relaxed); }
  };
  int64_t begin_of(size_t run) const { return static_cast<int64_t>(run) * pieces_ / static_cast<int64_t>(runs_.size()); }

  int64_t pieces_;
  std::vector<Run> runs_;
};

}  // namespace octet::ops
