#include "tensor/cuda/missing.h"

#include "tensor/error.h"

namespace octet::cuda {

std::string what_is_missing(const FoundOnMachine& f) {
  const auto version = [](int v) { return str(v / 1000, ".", v % 1000 / 10); };
  if (f.driver_version == 0)
    return str("no NVIDIA driver is loaded; install one for CUDA ", version(f.runtime_version), " or newer");
  if (f.driver_too_old)
    return str("the NVIDIA driver is for CUDA ", version(f.driver_version), ", older than the ", version(f.runtime_version),
               " that octet was built with; update the driver");
  if (!f.error.empty()) return str("the CUDA runtime says: ", f.error, "; check nvidia-smi");
  if (f.devices == 0) return "no CUDA device was found; check nvidia-smi and CUDA_VISIBLE_DEVICES";
  if (f.first.major < kOldestMajor || (f.first.major == kOldestMajor && f.first.minor < kOldestMinor))
    return str("the first CUDA device, ", f.first.name, ", has compute capability ", f.first.major, ".", f.first.minor,
               ", and octet needs ", kOldestMajor, ".", kOldestMinor, " or newer; choose another with CUDA_VISIBLE_DEVICES");
  return "";
}

}  // namespace octet::cuda
