#include "ops/cpu/fconv.h"

#include "ops/cpu/fconv_plain_body.h"
#include "ops/cpu/isa.h"

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

const FConvKernels kFConvPortable = kKernelsOf<Portable>;

const FConvKernels& fconv_kernels() {
  if (use(Isa::avx512vnni)) return kFConvAvx512Vnni;
  return use(Isa::avx2) ? kFConvAvx2 : kFConvPortable;
}

}  // namespace octet::ops::cpu
