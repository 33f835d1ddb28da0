// A device that is not one: "device" memory is the host's, and kernels are loops (ops/cuda/launch.h). For tests, which so run the
// kernels' own code on machines without a GPU. New memory is filled with a pattern, so that nobody relies on zeros.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tensor/cuda/caching_allocator.h"
#include "tensor/cuda/emulation.h"
#include "tensor/cuda/runtime.h"
#include "tensor/error.h"

namespace octet::cuda {
namespace {

constexpr int kPattern = 0xA5;

std::shared_ptr<CachingAllocator> make_allocator(bool keeps = true) {
  const auto take = [](size_t nbytes) -> void* {
    void* bytes = nullptr;  // of just that size, for AddressSanitizer
    return nbytes <= device().memory && posix_memalign(&bytes, 256, nbytes) == 0 ? bytes : nullptr;
  };
  return std::make_shared<CachingAllocator>(CachingAllocator::Source{take, [](void* bytes) { std::free(bytes); }}, keeps);
}
const std::shared_ptr<CachingAllocator>& common_allocator() {
  static const auto& allocator = *new std::shared_ptr<CachingAllocator>(make_allocator(keeps_released_blocks()));
  return allocator;
}

std::vector<std::function<void()>>* g_keeping = nullptr;  // where work goes that is not to be done now

}  // namespace

void submit(std::function<void()> work) {
  if (g_keeping)
    g_keeping->push_back(std::move(work));
  else
    work();
}

const std::string& missing() {
  static const std::string nothing;
  return nothing;
}

const DeviceInfo& device() {
  static const DeviceInfo info{
      .name = "emulation on the CPU", .major = 9, .minor = 0, .multiprocessors = 2, .memory = size_t{8} << 30};
  return info;
}

std::shared_ptr<std::byte> allocate(size_t nbytes) {
  auto bytes = allocate_here(common_allocator(), nbytes);
  OCTET_CHECK(bytes != nullptr, "out of memory: could not allocate ", nbytes, " bytes for the emulated device");
  if (!g_keeping) std::memset(bytes.get(), kPattern, nbytes);
  return bytes;
}
MemoryUse memory_use() { return {common_allocator()->in_use(), common_allocator()->peak()}; }

void copy_to_device(void* to, const void* from, size_t nbytes) {
  OCTET_CHECK(!g_keeping, "a copy from the host cannot be kept in a Replay");
  std::memcpy(to, from, nbytes);
}
void copy_to_host(void* to, const void* from, size_t nbytes) {
  OCTET_CHECK(!g_keeping, "a copy to the host cannot be kept in a Replay");
  std::memcpy(to, from, nbytes);
}
void copy_on_device(void* to, const void* from, size_t nbytes) {
  submit([=] { std::memcpy(to, from, nbytes); });
}
void fill_zero(void* to, size_t nbytes) {
  submit([=] { std::memset(to, 0, nbytes); });
}
void synchronize() { OCTET_CHECK(!g_keeping, "work that waits for the device cannot be kept in a Replay"); }

struct Replay::Kept {
  std::shared_ptr<CachingAllocator> allocator = make_allocator();
  std::vector<std::function<void()>> work;
};

Replay::Replay(const std::function<void()>& work) : kept_(std::make_shared<Kept>()) {
  const UseAllocator own(kept_->allocator);
  work();
  kept_->allocator->hold_addresses();
  g_keeping = &kept_->work;
  try {
    work();
  } catch (...) {
    g_keeping = nullptr;
    throw;
  }
  g_keeping = nullptr;
}

void Replay::operator()() const {
  for (const auto& work : kept_->work) work();
}

}  // namespace octet::cuda
