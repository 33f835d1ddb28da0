// Host memory of tensors: blocks that nobody uses any more are kept for whoever wants one next, so that a network that runs again
// allocates nothing. The system would have to clear their pages anew each time, which takes longer than some layers.
//
// All blocks lie in huge pages where the system has them: reading weights from memory is a third faster, whose addresses the
// processor need not look up every 4 KiB, and a new block takes one page fault instead of 512. Large blocks have huge pages of
// their own; smaller ones are cut off slabs.
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
  static constexpr size_t kMostKept = size_t{512} << 20;  // bytes

  /// Of tensors. Never destroyed, for tensors of static duration may outlive anything else.
  static MemoryPool& tensors();

  /// At least nbytes, uninitialised. No bytes when memory has run out.
  Block take(size_t nbytes);
  /// Gives back what take gave.
  void give(const Block& block);
  /// Frees what is kept.
  void free_all();
  size_t kept_bytes() const { return kept_bytes_; }

 private:
  Block take_kept(size_t size);
  Block cut_off_slab(size_t size);
  void free_oldest();

  std::mutex mutex_;
  std::list<Block> kept_;  // oldest first
  size_t kept_bytes_ = 0;
  Slab* slab_ = nullptr;  // from which blocks are cut now
};

}  // namespace octet
