// A device that is not one: "device" memory is the host's, and kernels are loops (ops/cuda/launch.h). For tests, which so run the
// kernels' own code on machines without a GPU. New memory is filled with a pattern, so that nobody relies on zeros.
#include <cstdlib>
#include <cstring>

#include "tensor/cuda/caching_allocator.h"
#include "tensor/cuda/runtime.h"
#include "tensor/error.h"

namespace octet::cuda {
namespace {

constexpr int kPattern = 0xA5;

CachingAllocator& allocator() {
  static CachingAllocator& allocator = *new CachingAllocator(
      {[](size_t nbytes) { return std::aligned_alloc(256, nbytes); }, [](void* bytes) { std::free(bytes); }});
  return allocator;
}

}  // namespace

const std::string& missing() {
  static const std::string nothing;
  return nothing;
}

const DeviceInfo& device() {
  static const DeviceInfo info{
      .name = "emulation on the CPU", .major = 9, .minor = 0, .multiprocessors = 2, .memory = size_t{8} << 30};
  return info;
}

void* allocate(size_t nbytes) {
  void* bytes = allocator().allocate(nbytes);
  OCTET_CHECK(bytes != nullptr, "out of memory: could not allocate ", nbytes, " bytes for the emulated device");
  std::memset(bytes, kPattern, nbytes);
  return bytes;
}
void release(void* bytes) noexcept { allocator().release(bytes); }
MemoryUse memory_use() { return {allocator().in_use(), allocator().peak()}; }

void copy_to_device(void* to, const void* from, size_t nbytes) { std::memcpy(to, from, nbytes); }
void copy_to_host(void* to, const void* from, size_t nbytes) { std::memcpy(to, from, nbytes); }
void copy_on_device(void* to, const void* from, size_t nbytes) { std::memcpy(to, from, nbytes); }
void fill_zero(void* to, size_t nbytes) { std::memset(to, 0, nbytes); }
void synchronize() {}

}  // namespace octet::cuda
