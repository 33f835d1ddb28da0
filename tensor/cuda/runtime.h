// The CUDA device as the rest of octet sees it: is there one, memory, copies. Everything goes through one stream, so that what
// was asked for earlier is done earlier; only copies to the host and synchronize() wait for it.
//
// Linked in one of three forms: runtime_cudart.cpp (a GPU), runtime_stub.cpp (a build without CUDA), runtime_emulated.cpp (tests:
// the kernels' code on the CPU).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace octet::cuda {

/// What is missing to compute on a CUDA device, and what to do about it; empty where nothing is. Found out once.
const std::string& missing();

struct DeviceInfo {
  std::string name;
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  size_t memory = 0;  // bytes
};

/// What the device is that octet uses, the first one. Throws Error if there is no device, as does everything below.
const DeviceInfo& device();

/// Uninitialised bytes on the device, aligned to 256; from a cache of those that were released (caching_allocator.h).
/// Throws Error when memory runs out.
std::shared_ptr<std::byte> allocate(size_t nbytes);

/// Bytes of the cache that are in use, and the most that this ever was. Those of a Replay are not counted.
struct MemoryUse {
  size_t now = 0, peak = 0;
};
MemoryUse memory_use();

void copy_to_device(void* to, const void* from, size_t nbytes);  // `from` may be changed as soon as this returns
void copy_to_host(void* to, const void* from, size_t nbytes);    // done when this returns
void copy_on_device(void* to, const void* from, size_t nbytes);
void fill_zero(void* to, size_t nbytes);

/// Waits for everything that was asked for. Throws Error when any of it failed.
void synchronize();

/// Kernels and copies on the device, kept to be done again and again, on the same addresses, at the cost of asking once: a CUDA
/// graph. What it works with must live as long as it does; what it allocates is its own.
class Replay {
 public:
  /// Calls work() twice: the first time it is done (and makes what is made only once), the second time it is kept and not done.
  /// work must not wait for the device in between, and must ask for the same both times.
  explicit Replay(const std::function<void()>& work);

  /// Asks for all of it once more.
  void operator()() const;

 private:
  struct Kept;
  std::shared_ptr<Kept> kept_;
};

}  // namespace octet::cuda
