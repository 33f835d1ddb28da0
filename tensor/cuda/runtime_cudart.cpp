// The device by way of the CUDA runtime.
#include <cstring>

#include "tensor/cuda/caching_allocator.h"
#include "tensor/cuda/check.h"
#include "tensor/cuda/missing.h"
#include "tensor/cuda/runtime.h"

namespace octet::cuda {
namespace {

DeviceInfo properties_of_first() {
  cudaDeviceProp p{};
  OCTET_CUDA(cudaGetDeviceProperties(&p, 0));
  return {p.name, p.major, p.minor, p.multiProcessorCount, p.totalGlobalMem};
}

FoundOnMachine look() {
  FoundOnMachine found;
  cudaDriverGetVersion(&found.driver_version);
  cudaRuntimeGetVersion(&found.runtime_version);
  const cudaError_t error = cudaGetDeviceCount(&found.devices);
  found.driver_too_old = error == cudaErrorInsufficientDriver;
  if (error != cudaSuccess && error != cudaErrorNoDevice)
    found.error = str(cudaGetErrorString(error), " (", cudaGetErrorName(error), ")");
  if (error != cudaSuccess) found.devices = 0;
  if (found.devices > 0) try {
      found.first = properties_of_first();
    } catch (const Error& failed) {
      found.error = failed.what();
    }
  return found;
}

std::shared_ptr<CachingAllocator> make_allocator(bool keeps = true) {
  const auto take = [](size_t nbytes) -> void* {
    void* bytes = nullptr;
    const cudaError_t error = cudaMalloc(&bytes, nbytes);
    if (error == cudaSuccess) return bytes;
    cudaGetLastError();  // so that no later call reports it
    if (error != cudaErrorMemoryAllocation) check(error, "cudaMalloc");
    return nullptr;
  };
  const auto give = [](void* bytes) {
    cudaStreamSynchronize(stream());  // it may still be read or written
    cudaFree(bytes);
  };
  return std::make_shared<CachingAllocator>(CachingAllocator::Source{take, give}, keeps);
}
/// Never destroyed: at the end of the program the runtime may be gone before it.
const std::shared_ptr<CachingAllocator>& common_allocator() {
  static const auto& allocator = *new std::shared_ptr<CachingAllocator>(make_allocator(keeps_released_blocks()));
  return allocator;
}

/// Host memory that the device reads by itself: two halves, one filled while the other is copied.
class PinnedBuffer {
 public:
  static constexpr size_t kHalf = size_t{4} << 20;

  PinnedBuffer() {
    OCTET_CUDA(cudaHostAlloc(&bytes_, 2 * kHalf, cudaHostAllocDefault));
    for (cudaEvent_t& event : read_) OCTET_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  }

  void copy_to_device(std::byte* to, const std::byte* from, size_t nbytes) {
    for (size_t done = 0; done < nbytes; done += kHalf, half_ = 1 - half_) {
      const size_t n = std::min(kHalf, nbytes - done);
      std::byte* staging = static_cast<std::byte*>(bytes_) + static_cast<size_t>(half_) * kHalf;
      OCTET_CUDA(cudaEventSynchronize(read_[half_]));
      std::memcpy(staging, from + done, n);
      OCTET_CUDA(cudaMemcpyAsync(to + done, staging, n, cudaMemcpyHostToDevice, stream()));
      OCTET_CUDA(cudaEventRecord(read_[half_], stream()));
    }
  }

 private:
  void* bytes_ = nullptr;
  cudaEvent_t read_[2]{};  // what was in that half
  int half_ = 0;
};

bool g_capturing = false;  // the work of a Replay, which is not done now

}  // namespace

const std::string& missing() {
  static const std::string why = what_is_missing(look());
  return why;
}

const DeviceInfo& device() {
  static const DeviceInfo info = [] {
    OCTET_CHECK(missing().empty(), "device cuda is not available: ", missing());
    OCTET_CUDA(cudaSetDevice(0));
    return properties_of_first();
  }();
  return info;
}

cudaStream_t stream() {
  static const cudaStream_t stream = [] {
    device();
    cudaStream_t s = nullptr;
    OCTET_CUDA(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
    return s;
  }();
  return stream;
}

std::shared_ptr<std::byte> allocate(size_t nbytes) {
  const DeviceInfo& d = device();
  auto bytes = allocate_here(common_allocator(), nbytes);
  OCTET_CHECK(bytes != nullptr, "out of device memory: ", nbytes >> 20, " MB more do not fit beside the ",
              common_allocator()->in_use() >> 20, " MB in use; ", d.name, " has ", d.memory >> 20,
              " MB in all, other programs' included; use a smaller batch");
  return bytes;
}
MemoryUse memory_use() { return {common_allocator()->in_use(), common_allocator()->peak()}; }

void copy_to_device(void* to, const void* from, size_t nbytes) {
  OCTET_CHECK(!g_capturing, "a copy from the host cannot be kept in a Replay");
  static PinnedBuffer& buffer = *new PinnedBuffer;
  buffer.copy_to_device(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), nbytes);
}
void copy_to_host(void* to, const void* from, size_t nbytes) {
  OCTET_CHECK(!g_capturing, "a copy to the host cannot be kept in a Replay");
  OCTET_CUDA(cudaMemcpyAsync(to, from, nbytes, cudaMemcpyDeviceToHost, stream()));
  synchronize();
}
void copy_on_device(void* to, const void* from, size_t nbytes) {
  OCTET_CUDA(cudaMemcpyAsync(to, from, nbytes, cudaMemcpyDeviceToDevice, stream()));
}
void fill_zero(void* to, size_t nbytes) { OCTET_CUDA(cudaMemsetAsync(to, 0, nbytes, stream())); }
void synchronize() {
  OCTET_CHECK(!g_capturing, "work that waits for the device cannot be kept in a Replay");
  OCTET_CUDA(cudaStreamSynchronize(stream()));
}

struct Replay::Kept {
  std::shared_ptr<CachingAllocator> allocator = make_allocator();
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;

  ~Kept() {
    if (executable) cudaGraphExecDestroy(executable);
    if (graph) cudaGraphDestroy(graph);
  }
};

Replay::Replay(const std::function<void()>& work) : kept_(std::make_shared<Kept>()) {
  const UseAllocator own(kept_->allocator);
  work();
  synchronize();
  kept_->allocator->hold_addresses();
  OCTET_CUDA(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeRelaxed));  // in which memory may be allocated
  g_capturing = true;
  try {
    work();
    g_capturing = false;
  } catch (...) {
    g_capturing = false;
    cudaGraph_t partial = nullptr;
    cudaStreamEndCapture(stream(), &partial);
    if (partial) cudaGraphDestroy(partial);
    cudaGetLastError();
    throw;
  }
  OCTET_CUDA(cudaStreamEndCapture(stream(), &kept_->graph));
  OCTET_CUDA(cudaGraphInstantiate(&kept_->executable, kept_->graph, 0));
}

void Replay::operator()() const { OCTET_CUDA(cudaGraphLaunch(kept_->executable, stream())); }

}  // namespace octet::cuda
