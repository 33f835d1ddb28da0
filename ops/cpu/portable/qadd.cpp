#include "ops/cpu/qadd.h"

#include "ops/cpu/isa.h"
#include "ops/cpu/generic/qadd_body.h"

namespace octet::ops::cpu {

const QAddKernels kQAddPortable = {add_runs<QAddShift>, add_runs<QAddFloat>};

const QAddKernels& qadd_kernels() {
  if (use(Isa::avx512vnni)) return kQAddAvx512Vnni;
  return use(Isa::avx2) ? kQAddAvx2 : kQAddPortable;
}

}  // namespace octet::ops::cpu
