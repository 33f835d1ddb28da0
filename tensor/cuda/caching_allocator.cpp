#include "tensor/cuda/caching_allocator.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "tensor/error.h"

namespace octet::cuda {

size_t CachingAllocator::block_size(size_t nbytes) {
  const size_t unit = nbytes <= (size_t{1} << 20) ? 512 : size_t{64} << 10;
  return std::max<size_t>(1, (nbytes + unit - 1) / unit) * unit;
}

void* CachingAllocator::allocate(size_t nbytes) {
  const std::scoped_lock lock(mutex_);
  size_t size = keeps_ ? block_size(nbytes) : std::max<size_t>(1, nbytes);
  void* bytes = nullptr;
  if (const auto it = free_.lower_bound(size); it != free_.end() && it->first <= largest_for(size)) {
    size = it->first;
    bytes = it->second;
    free_.erase(it);
    unused_ -= size;
  } else {
    bytes = source_.take(size);
    if (bytes == nullptr && !free_.empty() && !holds_addresses_) {
      give_back();
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
  in_use_ -= it->second;
  if (keeps_) {
    free_.emplace(it->second, bytes);
    unused_ += it->second;
  } else {
    source_.give(bytes);
  }
  handed_out_.erase(it);
}

void CachingAllocator::give_back_unused() {
  const std::scoped_lock lock(mutex_);
  give_back();
}

void CachingAllocator::give_back() {
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

bool keeps_released_blocks() {
  const char* text = std::getenv("OCTET_CUDA_CACHE");
  const std::string_view name = text ? text : "on";
  OCTET_CHECK(name == "on" || name == "off", "OCTET_CUDA_CACHE=", name, ": expected on or off");
  return name == "on";
}

std::shared_ptr<std::byte> allocate_here(const std::shared_ptr<CachingAllocator>& common, size_t nbytes) {
  const std::shared_ptr<CachingAllocator>& own = UseAllocator::current();
  if (own == nullptr) return allocate_from(common, nbytes);
  std::shared_ptr<std::byte> bytes = allocate_from(own, nbytes);
  if (bytes == nullptr && !own->holds_addresses()) {
    common->give_back_unused();
    bytes = allocate_from(own, nbytes);
  }
  return bytes;
}

}  // namespace octet::cuda
