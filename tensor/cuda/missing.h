// From what the CUDA runtime says of a machine to what is missing on it and what to do: one line.
#pragma once

#include <string>

#include "tensor/cuda/runtime.h"

namespace octet::cuda {

/// The oldest compute capability that the kernels are compiled for (ops/cuda/device_library.cmake).
constexpr int kOldestMajor = 7, kOldestMinor = 5;

struct FoundOnMachine {
  int driver_version = 0;   // as CUDA counts, 13000 for 13.0; 0: no driver
  int runtime_version = 0;  // that octet was built with
  bool driver_too_old = false;
  int devices = 0;
  DeviceInfo first = {};   // when there is one
  std::string error = {};  // any other that the runtime reports, in its words
};

/// Empty where nothing is missing.
std::string what_is_missing(const FoundOnMachine& found);

}  // namespace octet::cuda
