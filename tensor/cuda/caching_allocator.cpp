#include "tensor/cuda/caching_allocator.h"

#include <algorithm>
#include <utility>

namespace octet::cuda {

size_t CachingAllocator::block_size(size_t nbytes) {
  const size_t unit = nbytes <= (size_t{1} << 20) ? 512 : size_t{64} << 10;
  return std::max<size_t>(1, (nbytes + unit - 1) / unit) * unit;
}

void* CachingAllocator::allocate(size_t nbytes) {
  const std::scoped_lock lock(mutex_);
  size_t size = block_size(nbytes);
  void* bytes = nullptr;
  if (const auto it = free_.lower_bound(size); it != free_.end() && it->first <= largest_for(size)) {
    size = it->first;
    bytes = it->second;
    free_.erase(it);
    unused_ -= size;
  } else {
    bytes = source_.take(size);
    if (bytes == nullptr) {
      give_back_unused();
      bytes = source_.take(size);
    }
    if (bytes == nullptr) return nullptr;
  }
  handed_out_[bytes] = size;
  in_use_ += size;
  peak_ = std::max(peak_, in_use_);
  return bytes;
}

void CachingAllocator::release(void* bytes) {
  const std::scoped_lock lock(mutex_);
  const auto it = handed_out_.find(bytes);
  free_.emplace(it->second, bytes);
  in_use_ -= it->second;
  unused_ += it->second;
  handed_out_.erase(it);
}

void CachingAllocator::give_back_unused() {
  for (const auto& [size, bytes] : free_) source_.give(bytes);
  free_.clear();
  unused_ = 0;
}

std::shared_ptr<std::byte> allocate_from(const std::shared_ptr<CachingAllocator>& allocator, size_t nbytes) {
  void* bytes = allocator->allocate(nbytes);
  if (bytes == nullptr) return nullptr;
  return {static_cast<std::byte*>(bytes), [allocator](std::byte* p) { allocator->release(p); }};
}

namespace {
thread_local std::shared_ptr<CachingAllocator> g_current;
}

UseAllocator::UseAllocator(std::shared_ptr<CachingAllocator> allocator)
    : before_(std::exchange(g_current, std::move(allocator))) {}
UseAllocator::~UseAllocator() { g_current = std::move(before_); }
const std::shared_ptr<CachingAllocator>& UseAllocator::current() { return g_current; }

}  // namespace octet::cuda
