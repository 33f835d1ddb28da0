#include "tensor/memory_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

namespace octet {

/// Blocks are cut off its beginning, one behind the other. It is freed with the last of them.
struct MemoryPool::Slab {
  std::byte* bytes;
  size_t used = 0;
  int64_t blocks = 0;  // that are not freed
};

namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSlab = 8 * kHugePage;  // pages that nobody has written to take no memory
/// From this size on blocks are kept, and lie in huge pages.
constexpr size_t kKept = size_t{16} << 10;
/// How many times what is wanted a kept block may have.
constexpr size_t kMostWaste = 4;

/// Null when memory has run out.
std::byte* allocate(size_t size, size_t alignment) {
  void* bytes = nullptr;
  return posix_memalign(&bytes, alignment, size) == 0 ? static_cast<std::byte*>(bytes) : nullptr;
}

std::byte* allocate_huge_pages(size_t size) {
  std::byte* bytes = allocate(size, kHugePage);
  if (bytes != nullptr) madvise(bytes, size / kHugePage * kHugePage, MADV_HUGEPAGE);  // only a hint
  return bytes;
}

}  // namespace

MemoryPool& MemoryPool::tensors() {
  static MemoryPool& pool = *new MemoryPool;
  return pool;
}

MemoryPool::Block MemoryPool::take(size_t nbytes) {
  const size_t size = (std::max<size_t>(nbytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  if (size < kKept) return {allocate(size, kAlignment), size};
  const std::scoped_lock lock(mutex_);
  Block block = take_kept(size);
  if (block.bytes == nullptr && size < kHugePage) block = cut_off_slab(size);
  if (block.bytes == nullptr) block = {allocate_huge_pages(size), size};
  if (block.bytes != nullptr) return block;
  while (!kept_.empty()) free_oldest();
  return {allocate_huge_pages(size), size};
}

void MemoryPool::give(const Block& block) {
  if (block.size < kKept) {
    std::free(block.bytes);
    return;
  }
  const std::scoped_lock lock(mutex_);
  kept_.push_back(block);
  kept_bytes_ += block.size;
  while (kept_bytes_ > most_kept_) free_oldest();
}

/// The smallest that is large enough.
MemoryPool::Block MemoryPool::take_kept(size_t size) {
  auto best = kept_.end();
  for (auto it = kept_.begin(); it != kept_.end(); ++it)
    if (it->size >= size && it->size <= kMostWaste * size && (best == kept_.end() || it->size < best->size)) best = it;
  if (best == kept_.end()) return {};
  const Block block = *best;
  kept_bytes_ -= block.size;
  kept_.erase(best);
  return block;
}

MemoryPool::Block MemoryPool::cut_off_slab(size_t size) {
  if (slab_ == nullptr || slab_->used + size > kSlab) {
    std::byte* bytes = allocate_huge_pages(kSlab);
    if (bytes == nullptr) return {};
    slab_ = new Slab{bytes};
  }
  const Block block{slab_->bytes + slab_->used, size, slab_};
  slab_->used += size;
  ++slab_->blocks;
  return block;
}

void MemoryPool::free_oldest() {
  const Block block = kept_.front();
  kept_bytes_ -= block.size;
  kept_.pop_front();
  if (block.slab == nullptr) {
    std::free(block.bytes);
  } else if (--block.slab->blocks == 0) {
    if (block.slab == slab_) slab_ = nullptr;
    std::free(block.slab->bytes);
    delete block.slab;
  }
}

void MemoryPool::keep_at_most(size_t bytes) {
  const std::scoped_lock lock(mutex_);
  most_kept_ = bytes;
  while (kept_bytes_ > most_kept_) free_oldest();
}

void MemoryPool::free_all() {
  const std::scoped_lock lock(mutex_);
  while (!kept_.empty()) free_oldest();
}

}  // namespace octet
