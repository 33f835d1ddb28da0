// The direct convolution of ops/cpu/qconv.h with AVX-VNNI: values are codes, four to an instruction.
#include "ops/cpu/avxvnni/kernels.h"
#include "ops/cpu/avxvnni/ymm.h"
#include "ops/cpu/generic/qconv_ymm_body.h"

namespace octet::ops::cpu {

const ConvKernel avxvnni::qconv = {DType::u8, kStrip, kGroupBytes, conv_strip<AvxVnni>};

}  // namespace octet::ops::cpu
