#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>

#include "tensor/cuda/emulation.h"
#include "tensor/error.h"

namespace octet::cuda {

BlockOrder block_order() {
  static const BlockOrder order = [] {
    const char* text = std::getenv("OCTET_EMULATED_BLOCKS");
    const std::string_view name = text ? text : "loops";
    if (name == "forward") return BlockOrder::forward;
    if (name == "backward") return BlockOrder::backward;
    OCTET_CHECK(name == "loops", "OCTET_EMULATED_BLOCKS=", name, ": expected loops, forward or backward");
    return BlockOrder::loops;
  }();
  return order;
}

struct Fibers::Fiber {
  static constexpr size_t kStack = size_t{64} << 10;
  ucontext_t context{};
  std::unique_ptr<std::byte[]> stack;
  bool done = false;
  int waits_since = -1;  // while it waits for the whole block: how often that had met; else -1
};

Fibers::Fibers(int count, BlockOrder order)
    : order_(order), warps_(static_cast<size_t>((count + kWarp - 1) / kWarp)), scheduler_(std::make_unique<Fiber>()) {
  for (int i = 0; i < count; ++i) {
    fibers_.push_back(std::make_unique<Fiber>());
    fibers_.back()->stack = std::make_unique<std::byte[]>(Fiber::kStack);
  }
}

Fibers::~Fibers() = default;

void Fibers::entry(unsigned high, unsigned low) {  // makecontext passes ints: the address in two halves
  auto* self = reinterpret_cast<Fibers*>(static_cast<uintptr_t>(high) << 32 | low);
  (*self->body_)();
  self->fibers_[static_cast<size_t>(self->current_)]->done = true;
  self->yield();
}

void Fibers::yield() { swapcontext(&fibers_[static_cast<size_t>(current_)]->context, &scheduler_->context); }

void Fibers::run(const std::function<void()>& body) {
  body_ = &body;
  block_ = {};
  std::fill(warps_.begin(), warps_.end(), Meeting{});
  const auto self = reinterpret_cast<uintptr_t>(this);
  for (auto& fiber : fibers_) {
    getcontext(&fiber->context);
    fiber->context.uc_stack = {.ss_sp = fiber->stack.get(), .ss_flags = 0, .ss_size = Fiber::kStack};
    fiber->context.uc_link = nullptr;
    fiber->done = false;
    fiber->waits_since = -1;
    makecontext(&fiber->context, reinterpret_cast<void (*)()>(&Fibers::entry), 2, static_cast<unsigned>(self >> 32),
                static_cast<unsigned>(self));
  }
  const int count = static_cast<int>(fibers_.size());
  for (int left = count; left > 0;)
    for (int first = 0; first < count; first += kWarp)
      while (run_warp(first, std::min(count, first + kWarp), left)) {
      }
}

/// One turn for each fiber of [first, end) that does not wait for the block. True while one of them could go on.
bool Fibers::run_warp(int first, int end, int& left) {
  bool goes_on = false;
  for (int i = first; i < end; ++i) {
    current_ = order_ == BlockOrder::backward ? static_cast<int>(fibers_.size()) - 1 - i : i;
    Fiber& fiber = *fibers_[static_cast<size_t>(current_)];
    if (fiber.done || fiber.waits_since == block_.held) continue;
    swapcontext(&scheduler_->context, &fiber.context);
    left -= fiber.done ? 1 : 0;
    goes_on = goes_on || (!fiber.done && fiber.waits_since != block_.held);
  }
  return goes_on;
}

bool Fibers::wait_for_all(int first, int count) {
  const bool whole_block = count == static_cast<int>(fibers_.size());
  Meeting& meeting = whole_block ? block_ : warps_[static_cast<size_t>(first / kWarp)];
  if (++meeting.arrived == count) {
    meeting.arrived = 0;
    ++meeting.held;
    return true;
  }
  const int before = meeting.held;
  Fiber& me = *fibers_[static_cast<size_t>(current_)];
  while (meeting.held == before) {
    if (whole_block) me.waits_since = before;
    yield();
  }
  me.waits_since = -1;
  return false;
}

Fibers* fibers_of_this_thread(int count) {
  if (block_order() == BlockOrder::loops) return nullptr;
  thread_local std::map<int, std::unique_ptr<Fibers>> by_count;
  std::unique_ptr<Fibers>& fibers = by_count[count];
  if (!fibers) fibers = std::make_unique<Fibers>(count, block_order());
  return fibers.get();
}

}  // namespace octet::cuda
