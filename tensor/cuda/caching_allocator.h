// Device memory from a cache, because asking the driver for memory, and giving it back, waits for the device. Released blocks
// are kept by size for the next user. Nothing is split or joined: a network asks for the same sizes again and again.
//
// A block may be handed out while the device still works on what was in it: with one stream, whatever its next owner does comes
// later. PyTorch counterpart: c10/cuda/CUDACachingAllocator.
//
// OCTET_CUDA_CACHE=off: the common allocator takes exactly what is asked for and gives it back at once, so that tools which watch
// memory (compute-sanitizer, AddressSanitizer) see what is read beyond a tensor's end or after its own. Slow.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace octet::cuda {

class CachingAllocator {
 public:
  /// Where memory comes from; take returns null if the device has no more.
  struct Source {
    void* (*take)(size_t nbytes);
    void (*give)(void* bytes);
  };

  /// keeps: released blocks; else they are given back at once.
  explicit CachingAllocator(Source source, bool keeps = true) : source_(source), keeps_(keeps) {}
  /// Nothing must be in use any more.
  ~CachingAllocator() { give_back_unused(); }

  /// Null when there is no memory left, also after everything unused has been given back.
  void* allocate(size_t nbytes);
  void release(void* bytes);
  void give_back_unused();

  /// From now on nothing is given back as long as the allocator lives: a Replay works with addresses of unused blocks too.
  void hold_addresses() { holds_addresses_ = true; }
  bool holds_addresses() const { return holds_addresses_; }

  size_t in_use() const { return in_use_; }  // bytes handed out, in the sizes of their blocks
  size_t peak() const { return peak_; }
  size_t unused() const { return unused_; }

  /// What a request takes: multiples of 512 bytes, beyond 1 MiB of 64 KiB.
  static size_t block_size(size_t nbytes);
  /// A kept block serves a request if it is at most this much larger: by a half, or to the next 4 KiB.
  static size_t largest_for(size_t block) { return block + block / 2 + 4096; }

 private:
  void give_back();  // what is unused

  Source source_;
  bool keeps_, holds_addresses_ = false;
  std::mutex mutex_;
  std::multimap<size_t, void*> free_;  // by size
  std::unordered_map<void*, size_t> handed_out_;
  size_t in_use_ = 0, peak_ = 0, unused_ = 0;
};

/// Memory that goes back to the allocator when nobody uses it any more; null if none is left.
std::shared_ptr<std::byte> allocate_from(const std::shared_ptr<CachingAllocator>& allocator, size_t nbytes);

/// OCTET_CUDA_CACHE.
bool keeps_released_blocks();

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

/// Memory for a tensor of this thread, from this thread's own allocator if it has one, otherwise from the common one. If need be,
/// the common one gives back its unused blocks first. Null if none is left.
std::shared_ptr<std::byte> allocate_here(const std::shared_ptr<CachingAllocator>& common, size_t nbytes);

}  // namespace octet::cuda
