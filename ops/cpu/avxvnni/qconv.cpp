// The direct convolution of ops/cpu/qconv.h with AVX-VNNI: values are codes, four to an instruction.
#include "ops/cpu/generic/qconv_ymm_body.h"
#include "ops/cpu/avxvnni/ymm.h"

namespace octet::ops::cpu {

const ConvKernel kConvAvxVnni = {DType::u8, kStrip, kGroupBytes, conv_strip<AvxVnni>};

}  // namespace octet::ops::cpu
