#include "tensor/storage.h"

#include <sys/mman.h>

#include <cstdlib>
#include <list>
#include <mutex>

#include "tensor/cuda/runtime.h"
#include "tensor/error.h"

namespace octet {
namespace {

constexpr size_t kAlignment = 64;

/// From this size on a block begins at, and is made of, huge pages where the system has them: reading weights from memory is a
/// third faster, and a new block needs one page fault for 512.
constexpr size_t kLarge = size_t{2} << 20;

/// From this size on blocks are kept for reuse.
constexpr size_t kKept = size_t{16} << 10;

/// Blocks that nobody uses any more, for whoever wants one next: a network that runs again allocates nothing. The system
/// would have to clear their pages anew each time, which takes longer than some layers.
class Pool {
 public:
  std::byte* take(size_t nbytes, size_t& capacity) {
    const std::scoped_lock lock(mutex_);
    auto best = blocks_.end();
    for (auto it = blocks_.begin(); it != blocks_.end(); ++it)
      if (it->size >= nbytes && it->size <= kMostWaste * nbytes && (best == blocks_.end() || it->size < best->size)) best = it;
    if (best == blocks_.end()) return nullptr;
    std::byte* bytes = best->bytes;
    capacity = best->size;
    held_ -= best->size;
    blocks_.erase(best);
    return bytes;
  }

  void give(std::byte* bytes, size_t size) {
    const std::scoped_lock lock(mutex_);
    blocks_.push_back({bytes, size});
    held_ += size;
    while (held_ > kMostHeld) free_oldest();
  }

  void clear() {
    const std::scoped_lock lock(mutex_);
    while (!blocks_.empty()) free_oldest();
  }

 private:
  struct Block {
    std::byte* bytes;
    size_t size;
  };
  static constexpr size_t kMostWaste = 4;  // times what is wanted
  static constexpr size_t kMostHeld = size_t{512} << 20;

  void free_oldest() {
    held_ -= blocks_.front().size;
    std::free(blocks_.front().bytes);
    blocks_.pop_front();
  }

  std::mutex mutex_;
  std::list<Block> blocks_;  // oldest first
  size_t held_ = 0;
};

/// Never destroyed: tensors of static duration may outlive anything else.
Pool& pool() {
  static Pool& pool = *new Pool;
  return pool;
}

/// Null when memory has run out. (aligned_alloc wants the size to be a multiple of the alignment.)
std::byte* allocate(size_t size, size_t alignment) {
  void* bytes = nullptr;
  return posix_memalign(&bytes, alignment, size) == 0 ? static_cast<std::byte*>(bytes) : nullptr;
}

}  // namespace

Storage::Storage(size_t nbytes, Device device) : nbytes_(nbytes), device_(device) {
  if (device == Device::cuda) {
    bytes_ = cuda::allocate(nbytes);
    return;
  }
  size_t size = (std::max<size_t>(nbytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  if (size < kKept) {
    bytes_ = std::shared_ptr<std::byte>(allocate(size, kAlignment), [](std::byte* p) { std::free(p); });
  } else {
    std::byte* bytes = pool().take(size, size);
    if (bytes == nullptr) {
      const size_t alignment = size < kLarge ? kAlignment : kLarge;
      bytes = allocate(size, alignment);
      if (bytes == nullptr) {
        pool().clear();
        bytes = allocate(size, alignment);
      }
      if (bytes != nullptr && size >= kLarge) madvise(bytes, size / kLarge * kLarge, MADV_HUGEPAGE);  // only a hint
    }
    bytes_ = std::shared_ptr<std::byte>(bytes, [size](std::byte* p) {
      if (p != nullptr) pool().give(p, size);
    });
  }
  OCTET_CHECK(bytes_ != nullptr, "out of memory: could not allocate ", nbytes, " bytes; use a smaller batch");
}

}  // namespace octet
