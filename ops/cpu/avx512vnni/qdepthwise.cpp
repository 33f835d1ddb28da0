// The depthwise convolution of ops/cpu/qdepthwise.h with AVX-512's VNNI, in 32 registers of 32 bytes: blocks of 64 channels would
// leave half of them empty in layers of 32, 96 or 144.
#include "ops/cpu/avx512vnni/kernels.h"
#include "ops/cpu/avxvnni/ymm.h"
#include "ops/cpu/generic/qdepthwise_ymm_body.h"

namespace octet::ops::cpu {

const DepthwiseKernel avx512vnni::qdepthwise = kDepthwise<AvxVnni, 16>;

}  // namespace octet::ops::cpu
