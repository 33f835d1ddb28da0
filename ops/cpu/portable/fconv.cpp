// The kernels of ops/cpu/fconv.h in vectors of four floats, with a function for the fused multiply-add.
#include "ops/cpu/generic/fconv_plain_body.h"
#include "ops/cpu/portable/kernels.h"

namespace octet::ops::cpu {
namespace {

struct Portable {
  using V = Float4;
  static constexpr int kPanels = 4, kPlainPlaces = 6;
  static V broadcast(float x) { return V{x, x, x, x}; }
  static V fma(V a, V b, V c) {
    for (int i = 0; i < 4; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
  }
};

}  // namespace

const FConvKernels portable::fconv = kKernelsOf<Portable>;

}  // namespace octet::ops::cpu
