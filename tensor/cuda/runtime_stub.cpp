// The device of a build without CUDA: none.
#include "tensor/cuda/runtime.h"
#include "tensor/error.h"

namespace octet::cuda {
namespace {
[[noreturn]] void refuse() { fail("device cuda is not available: ", missing()); }
}  // namespace

const std::string& missing() {
  static const std::string why =
      "this build of octet has no CUDA code; install the CUDA toolkit (12 or newer) and build with -DOCTET_CUDA=ON";
  return why;
}

const DeviceInfo& device() { refuse(); }
std::shared_ptr<std::byte> allocate(size_t) { refuse(); }
MemoryUse memory_use() { return {}; }
void copy_to_device(void*, const void*, size_t) { refuse(); }
void copy_to_host(void*, const void*, size_t) { refuse(); }
void copy_on_device(void*, const void*, size_t) { refuse(); }
void fill_zero(void*, size_t) { refuse(); }
void synchronize() { refuse(); }

struct Replay::Kept {};
Replay::Replay(const std::function<void()>&) { refuse(); }
void Replay::operator()() const { refuse(); }

}  // namespace octet::cuda
