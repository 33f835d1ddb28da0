// The depthwise convolution of ops/cpu/qdepthwise.h with AVX-VNNI: four rows of codes, multiplied and added by vpdpbusd.
#include "ops/cpu/avxvnni/kernels.h"
#include "ops/cpu/avxvnni/ymm.h"
#include "ops/cpu/generic/qdepthwise_ymm_body.h"

namespace octet::ops::cpu {

const DepthwiseKernel avxvnni::qdepthwise = kDepthwise<AvxVnni, 8>;

}  // namespace octet::ops::cpu
