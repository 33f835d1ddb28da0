// A sum or a product of codes and one number, as PyTorch's quantized add and mul of a scalar: the scale of the result follows from the
// input's, and the codes stay as they are where they can.
//
//   x * c   c > 0: scale c * s, the same codes. c < 0: scale |c| * s, codes 255 - q, zero point 255 - z. c = 0: codes 0, scale 1
//   x + c   with n = rne(c / s) the zero point becomes z - n and the codes stay, if that is a code. Else it is 0 or 255, and the scale
//           s' = s * (255 - (z - n)) / 255, or s * (z - n) / 255:   y = rne((q - (z - n)) * (s * (1 / s'))) + z'
//   with relu   max(y, z')
// (ATen/native/quantized/cpu/BinaryOps.cpp.) PyTorch counterpart: torch.ops.quantized.add, mul, add_relu, mul_relu.
#pragma once

#include "ops/int8/elementwise.h"

namespace octet::ops::int8 {

enum class ScalarKind { add, multiply };

struct ScalarCodes {
  QParams output;
  CodeTable table;  // code -> code
};

/// Throws Error where c is not finite, or so large that the result's scale is no float.
ScalarCodes scalar_codes(ScalarKind kind, double c, bool relu, QParams input);

}  // namespace octet::ops::int8
