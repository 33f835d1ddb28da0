// Only for the emulated device. A kernel is a loop there, or a fiber for each thread; this is what both need to run.
#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace octet::cuda {

/// Does the work now, or keeps it while a Replay is made.
void submit(std::function<void()> work);

/// How the threads of a block take turns (ops/cuda/launch_emulated.h); OCTET_EMULATED_BLOCKS=loops|forward|backward, loops if
/// unset.
enum class BlockOrder { loops, forward, backward };
BlockOrder block_order();

/// The threads of one block, each with a stack of its own, on one thread of the CPU. One runs until it has to wait for others; a
/// warp runs until it has to wait for the whole block, before the next one does anything.
class Fibers {
 public:
  static constexpr int kWarp = 32;

  Fibers(int count, BlockOrder order);
  ~Fibers();

  /// Calls body() once in every fiber. Returns when all are done.
  void run(const std::function<void()>& body);

  /// The fiber that is running.
  int current() const { return current_; }

  /// Waits until the fibers [first, first + count) have all come here; true in the one that came last.
  bool wait_for_all(int first, int count);

 private:
  struct Fiber;
  struct Meeting {
    int arrived = 0, held = 0;  // fibers that wait; how often all have met
  };
  static void entry(unsigned high, unsigned low);
  void yield();
  bool run_warp(int first, int end, int& left);

  int current_ = 0;
  BlockOrder order_;
  const std::function<void()>* body_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Meeting> warps_;  // by first / kWarp
  Meeting block_;
  std::unique_ptr<Fiber> scheduler_;
};

/// The fibers of this CPU thread, for blocks of `count` threads; null if blocks run as loops.
Fibers* fibers_of_this_thread(int count);

}  // namespace octet::cuda
