// Turns what the CUDA runtime answers into an Error: OCTET_CUDA(cudaMalloc(&p, n)). Only for files that know CUDA.
#pragma once

#include <cuda_runtime_api.h>

#include "tensor/error.h"

namespace octet::cuda {

inline void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) cudaGetLastError();  // so that no later call reports it
  OCTET_CHECK(error == cudaSuccess, "CUDA: ", what, ": ", cudaGetErrorString(error), " (", cudaGetErrorName(error), ")");
}

/// The stream that everything goes through.
cudaStream_t stream();

}  // namespace octet::cuda

#define OCTET_CUDA(call) ::octet::cuda::check((call), #call)
