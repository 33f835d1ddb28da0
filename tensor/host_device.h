// OCTET_HD: a function that kernels call on the device and everyone else on the host, so that a formula exists once and is tested
// where there is no device. OCTET_DEVICE: a kernel's body, which works with a whole block of threads (ops/cuda/launch.h).
#pragma once

#ifdef __CUDACC__
#define OCTET_HD __host__ __device__
#define OCTET_DEVICE __device__
#else
#define OCTET_HD
#define OCTET_DEVICE
#endif
