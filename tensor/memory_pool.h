// Host memory of tensors. Unused blocks are kept for the next user, so a network that runs again allocates nothing. If they were
// given back, the system would have to clear their pages each time, which takes longer than some layers.
//
// Blocks lie in huge pages where the system has them: the processor then looks up an address every 2 MiB instead of every 4 KiB,
// so that weights are read from memory a third faster, and a new page is one fault instead of 512. Large blocks have pages of
// their own, smaller ones are cut off slabs, and below 16 KiB it is malloc's.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>

namespace octet {

class MemoryPool {
 public:
  struct Slab;
  struct Block {
    std::byte* bytes = nullptr;  // aligned to kAlignment
    size_t size = 0;
    Slab* slab = nullptr;  // which it was cut off; or null: it is by itself
  };
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kMostKept = size_t{512} << 20;  // bytes, unless keep_at_most says otherwise

  MemoryPool() = default;
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  /// Blocks that are still in use stay.
  ~MemoryPool() { free_all(); }

  /// The pool of all tensors. Never destroyed, because tensors of static duration may outlive anything else.
  static MemoryPool& tensors();

  /// At least nbytes, uninitialised. No bytes when memory has run out.
  Block take(size_t nbytes);
  /// Gives back what take gave.
  void give(const Block& block);
  /// Frees what is kept.
  void free_all();
  /// From now on keeps no more: for a program whose stages differ in what they need, and which is to take little memory.
  void keep_at_most(size_t bytes);
  size_t kept_bytes() const { return kept_bytes_; }

 private:
  Block take_kept(size_t size);
  Block cut_off_slab(size_t size);
  void free_oldest();

  std::mutex mutex_;
  std::list<Block> kept_;  // oldest first
  size_t kept_bytes_ = 0, most_kept_ = kMostKept;
  Slab* slab_ = nullptr;  // from which blocks are cut now
};

}  // namespace octet
