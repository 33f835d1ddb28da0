// The direct convolution of ops/cpu/qconv.h with AVX2: values are int16.
#include "ops/cpu/avx2/kernels.h"
#include "ops/cpu/avx2/ymm.h"
#include "ops/cpu/generic/qconv_ymm_body.h"

namespace octet::ops::cpu {

const ConvKernel avx2::qconv = {DType::i16, kStrip, kGroupBytes / 2, conv_strip<Avx2>};

}  // namespace octet::ops::cpu
