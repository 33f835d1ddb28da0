// Device memory by way of a cache: asking the driver for memory, and giving it back, waits for the device. Released blocks are
// kept by size for whoever wants one next. Nothing is split or joined: a network asks for the same sizes again and again.
//
// A block may be handed out while the device still works on what was in it: with one stream, whatever its next owner does comes
// later. PyTorch counterpart: c10/cuda/CUDACachingAllocator.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace octet::cuda {

class CachingAllocator {
 public:
  /// Where memory comes from; take returns null when there is none.
  struct Source {
    void* (*take)(size_t nbytes);
    void (*give)(void* bytes);
  };

  explicit CachingAllocator(Source source) : source_(source) {}
  /// Nothing must be in use any more.
  ~CachingAllocator() { give_back_unused(); }

  /// Null when there is no memory left, also after everything unused has been given back.
  void* allocate(size_t nbytes);
  void release(void* bytes);

  size_t in_use() const { return in_use_; }  // bytes handed out, in the sizes of their blocks
  size_t peak() const { return peak_; }
  size_t unused() const { return unused_; }

  /// What a request takes: multiples of 512 bytes, beyond 1 MiB of 64 KiB.
  static size_t block_size(size_t nbytes);
  /// A kept block serves a request if it is at most this much larger: by a half, or to the next 4 KiB.
  static size_t largest_for(size_t block) { return block + block / 2 + 4096; }

 private:
  void give_back_unused();

  Source source_;
  std::mutex mutex_;
  std::multimap<size_t, void*> free_;  // by size
  std::unordered_map<void*, size_t> handed_out_;
  size_t in_use_ = 0, peak_ = 0, unused_ = 0;
};

/// Memory that goes back to the allocator when nobody uses it any more; null when there is none left.
std::shared_ptr<std::byte> allocate_from(const std::shared_ptr<CachingAllocator>& allocator, size_t nbytes);

/// Which allocator this thread's tensors come from: the one of the innermost UseAllocator that is alive, or null.
class UseAllocator {
 public:
  explicit UseAllocator(std::shared_ptr<CachingAllocator> allocator);
  ~UseAllocator();
  UseAllocator(const UseAllocator&) = delete;
  UseAllocator& operator=(const UseAllocator&) = delete;
  static const std::shared_ptr<CachingAllocator>& current();

 private:
  std::shared_ptr<CachingAllocator> before_;
};

}  // namespace octet::cuda
