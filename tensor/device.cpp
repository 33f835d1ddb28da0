#include "tensor/device.h"

#include "tensor/cuda/runtime.h"
#include "tensor/error.h"

namespace octet {

std::string_view name_of(Device device) { return device == Device::cpu ? "cpu" : "cuda"; }

std::ostream& operator<<(std::ostream& out, Device device) { return out << name_of(device); }

Device parse_device(std::string_view name) {
  if (name == "cpu") return Device::cpu;
  OCTET_CHECK(name == "cuda" || name == "auto", "unknown device '", name, "': expected cpu, cuda or auto");
  const std::string& missing = cuda::missing();
  if (missing.empty()) return Device::cuda;
  OCTET_CHECK(name == "auto", "device cuda is not available: ", missing, "; or use --device cpu");
  return Device::cpu;
}

}  // namespace octet
