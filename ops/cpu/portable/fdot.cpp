// The kernels of ops/cpu/fdot.h in vectors of four floats, with a function for the fused multiply-add.
#include "ops/cpu/generic/fdot_body.h"
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {
namespace {

struct Portable {
  using V = Float4;
  static constexpr int kRows = 2, kOutputs = 4;
  static V fma(V a, V b, V c) {
    for (int i = 0; i < 4; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
  }
};

}  // namespace

const FDotKernels portable::fdot = kFDotOf<Portable>;

}  // namespace octet::ops::cpu
