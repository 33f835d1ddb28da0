// The depthwise convolution of ops/cpu/qdepthwise.h with AVX2: two rows as int16, multiplied and added by vpmaddwd.
#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/avx2/ymm.h"
#include "ops/cpu/generic/qdepthwise_ymm_body.h"

namespace octet::ops::cpu {

const DepthwiseKernel avx2::qdepthwise = kDepthwise<Avx2, 8>;

}  // namespace octet::ops::cpu
