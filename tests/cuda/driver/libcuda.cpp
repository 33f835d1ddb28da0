// A driver library that stands in for NVIDIA's where there is none, so that the real CUDA runtime meets an old driver, a machine
// without a device, and a driver that does not start. What it answers is in the environment:
//   OCTET_STAND_IN_VERSION  of CUDA, such as 11040;  OCTET_STAND_IN_INIT  what cuInit returns (0: it starts)
// It has no device. The runtime asks for functions by name (cuGetProcAddress); those that nobody gets to say that they failed.
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kUnknown = 999;  // CUDA_ERROR_UNKNOWN

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : otherwise;
}

int unknown() { return kUnknown; }

}  // namespace

extern "C" {

int cuInit(unsigned) { return from_environment("OCTET_STAND_IN_INIT", 0); }

int cuDriverGetVersion(int* version) {
  *version = from_environment("OCTET_STAND_IN_VERSION", 13000);
  return 0;
}

int cuDeviceGetCount(int* count) {
  *count = 0;
  return 0;
}

int cuGetExportTable(const void**, const void*) { return kUnknown; }

int cuGetProcAddress_v2(const char* name, void** function, int, uint64_t, int* status) {
  struct Known {
    const char* name;
    void* function;
  };
  const Known known[] = {{"cuInit", reinterpret_cast<void*>(&cuInit)},
                         {"cuDriverGetVersion", reinterpret_cast<void*>(&cuDriverGetVersion)},
                         {"cuDeviceGetCount", reinterpret_cast<void*>(&cuDeviceGetCount)},
                         {"cuGetExportTable", reinterpret_cast<void*>(&cuGetExportTable)},
                         {"cuGetProcAddress", reinterpret_cast<void*>(&cuGetProcAddress_v2)}};
  *function = reinterpret_cast<void*>(&unknown);
  for (const Known& k : known)
    if (std::strcmp(name, k.name) == 0) *function = k.function;
  if (status) *status = 0;
  return 0;
}

int cuGetProcAddress(const char* name, void** function, int version, uint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
}
