// What a thread of a parallel region threw: an exception that leaves a region ends the program, so it is kept until the region has
// ended. What an op can check, it checks before its region; what is left is memory that a thread asks for in it.
//
//   Failure failure;
//   #pragma omp parallel
//   failure.keep([&] { ... });
//   failure.rethrow();
// Before a barrier or an `omp for` of the same region, all threads must go on: they ask `failed()` then.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>

namespace octet::ops {

class Failure {
 public:
  template <class Work>
  void keep(Work&& work) noexcept {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!first_) first_ = std::current_exception();
      failed_.store(true, std::memory_order_relaxed);
    }
  }

  /// In any thread so far.
  bool failed() const { return failed_.load(std::memory_order_relaxed); }

  /// To be called behind the region: throws what the first thread threw.
  void rethrow() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
  std::atomic<bool> failed_ = false;
};

}  // namespace octet::ops
