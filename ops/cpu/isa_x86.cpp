// What an x86-64 CPU has. (Others: isa_stub.cpp.)
#include <cpuid.h>

#include "ops/cpu/isa.h"

namespace octet::ops::cpu {
namespace {

/// Whether the kernels for avxvnni are encoded as AVX-512's. A test does that: see tests/CMakeLists.txt.
constexpr bool kAvxVnniByAvx512 = OCTET_AVXVNNI_BY_AVX512;

bool has_avxvnni() {  // __builtin_cpu_supports of older compilers does not know it
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1u << 4)) != 0;
}

}  // namespace

bool has(Isa isa) {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512vnni = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512vnni");
  switch (isa) {
    case Isa::portable:
      return true;
    case Isa::avx2:
      return avx2;
    case Isa::avxvnni:
      return kAvxVnniByAvx512 ? avx512vnni : avx2 && has_avxvnni();
    case Isa::avx512vnni:
      return avx512vnni;
  }
  return false;
}

}  // namespace octet::ops::cpu
