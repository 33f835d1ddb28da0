#include "ops/cpu/fdot.h"

#include "ops/cpu/fdot_body.h"
#include "ops/cpu/isa.h"

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

const FDotKernels kFDotPortable = kFDotOf<Portable>;

const FDotKernels& fdot_kernels() {
  if (use(Isa::avx512vnni)) return kFDotAvx512Vnni;
  return use(Isa::avx2) ? kFDotAvx2 : kFDotPortable;
}

}  // namespace octet::ops::cpu
