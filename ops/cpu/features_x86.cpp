// What an x86-64 CPU has. (Others: features_other.cpp.)
#include <cpuid.h>

#include "ops/cpu/isa.h"

namespace octet::ops::cpu {
namespace {

/// Whether the kernels for avxvnni are encoded as AVX-512's, for a test: see tests/CMakeLists.txt.
constexpr bool kAvxVnniByAvx512 = OCTET_AVXVNNI_BY_AVX512;

bool has_avxvnni() {  // __builtin_cpu_supports of older compilers does not know it
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1u << 4)) != 0;
}

}  // namespace

Features features_of_this_cpu() {
  Features cpu = 0;
  const auto add = [&](bool there, Features feature) { cpu |= there ? feature : 0; };
  add(__builtin_cpu_supports("avx2"), kHasAvx2);
  add(__builtin_cpu_supports("fma"), kHasFma);
  add(__builtin_cpu_supports("avx512f"), kHasAvx512F);
  add(__builtin_cpu_supports("avx512bw"), kHasAvx512Bw);
  add(__builtin_cpu_supports("avx512dq"), kHasAvx512Dq);
  add(__builtin_cpu_supports("avx512vl"), kHasAvx512Vl);
  add(__builtin_cpu_supports("avx512vnni"), kHasAvx512Vnni);
  constexpr Features kInstead = kHasAvx512F | kHasAvx512Bw | kHasAvx512Dq | kHasAvx512Vl | kHasAvx512Vnni;
  add(kAvxVnniByAvx512 ? (cpu & kInstead) == kInstead : has_avxvnni(), kHasAvxVnni);
  return cpu;
}

}  // namespace octet::ops::cpu
