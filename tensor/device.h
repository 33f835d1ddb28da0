// Where a tensor's bytes are. This build computes on the CPU only; asking for another device is an error, never a fallback.
#pragma once

#include <string_view>

#include "tensor/error.h"

namespace octet {

enum class Device { cpu, cuda };

/// "cpu" or "cuda"; throws Error for anything else and for a device that this build does not have.
inline Device parse_device(std::string_view name) {
  if (name == "cpu") return Device::cpu;
  OCTET_CHECK(name == "cuda", "unknown device '", name, "': expected cpu or cuda");
  fail("device cuda is not available: this build of octet has no CUDA code; use --device cpu");
}

}  // namespace octet
