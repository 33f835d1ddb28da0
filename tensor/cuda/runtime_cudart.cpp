// The device by way of the CUDA runtime.
#include <cstring>

#include "tensor/cuda/caching_allocator.h"
#include "tensor/cuda/check.h"
#include "tensor/cuda/runtime.h"

namespace octet::cuda {
namespace {

constexpr int kOldestMajor = 7, kOldestMinor = 5;  // what the kernels are compiled for at least: CMakeLists.txt

std::string find_missing() {
  int driver = 0, runtime = 0, count = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  const auto version = [](int v) { return str(v / 1000, ".", v % 1000 / 10); };
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (driver == 0) return "no NVIDIA driver is loaded; install one for CUDA " + version(runtime) + " or newer";
  if (error == cudaErrorInsufficientDriver)
    return str("the NVIDIA driver is for CUDA ", version(driver), ", older than the ", version(runtime),
               " that octet was built with; update the driver");
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0))
    return "no CUDA device was found; check nvidia-smi and CUDA_VISIBLE_DEVICES";
  if (error != cudaSuccess) return str("the CUDA runtime says: ", cudaGetErrorString(error), " (", cudaGetErrorName(error), ")");
  cudaDeviceProp p{};
  if (const cudaError_t e = cudaGetDeviceProperties(&p, 0); e != cudaSuccess)
    return str("the first CUDA device does not answer: ", cudaGetErrorString(e));
  if (p.major < kOldestMajor || (p.major == kOldestMajor && p.minor < kOldestMinor))
    return str("the first CUDA device, ", p.name, ", has compute capability ", p.major, ".", p.minor, ", and octet needs ",
               kOldestMajor, ".", kOldestMinor, " or newer");
  return "";
}

/// Frees nothing at the end of the program: the runtime may be gone by then.
CachingAllocator& allocator() {
  static CachingAllocator& allocator = *new CachingAllocator({[](size_t nbytes) -> void* {
                                                                void* bytes = nullptr;
                                                                const cudaError_t error = cudaMalloc(&bytes, nbytes);
                                                                if (error == cudaSuccess) return bytes;
                                                                cudaGetLastError();  // so that no later call reports it
                                                                if (error != cudaErrorMemoryAllocation)
                                                                  check(error, "cudaMalloc");
                                                                return nullptr;
                                                              },
                                                              [](void* bytes) { cudaFree(bytes); }});
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

}  // namespace

const std::string& missing() {
  static const std::string why = find_missing();
  return why;
}

const DeviceInfo& device() {
  static const DeviceInfo info = [] {
    OCTET_CHECK(missing().empty(), "device cuda is not available: ", missing());
    cudaDeviceProp p{};
    OCTET_CUDA(cudaGetDeviceProperties(&p, 0));
    OCTET_CUDA(cudaSetDevice(0));
    return DeviceInfo{p.name, p.major, p.minor, p.multiProcessorCount, p.totalGlobalMem};
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

void* allocate(size_t nbytes) {
  const DeviceInfo& d = device();
  void* bytes = allocator().allocate(nbytes);
  OCTET_CHECK(bytes != nullptr, "out of device memory: ", nbytes >> 20, " MB more do not fit beside the ",
              allocator().in_use() >> 20, " MB in use; ", d.name, " has ", d.memory >> 20,
              " MB in all, other programs' included; use a smaller batch");
  return bytes;
}
void release(void* bytes) noexcept { allocator().release(bytes); }
MemoryUse memory_use() { return {allocator().in_use(), allocator().peak()}; }

void copy_to_device(void* to, const void* from, size_t nbytes) {
  static PinnedBuffer& buffer = *new PinnedBuffer;
  buffer.copy_to_device(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), nbytes);
}
void copy_to_host(void* to, const void* from, size_t nbytes) {
  OCTET_CUDA(cudaMemcpyAsync(to, from, nbytes, cudaMemcpyDeviceToHost, stream()));
  synchronize();
}
void copy_on_device(void* to, const void* from, size_t nbytes) {
  OCTET_CUDA(cudaMemcpyAsync(to, from, nbytes, cudaMemcpyDeviceToDevice, stream()));
}
void fill_zero(void* to, size_t nbytes) { OCTET_CUDA(cudaMemsetAsync(to, 0, nbytes, stream())); }
void synchronize() { OCTET_CUDA(cudaStreamSynchronize(stream())); }

}  // namespace octet::cuda
