#include "ops/cpu/isa.h"

#include <cpuid.h>

#include <cstdlib>
#include <string_view>

#include "tensor/error.h"

namespace octet::ops::cpu {
namespace {

constexpr const char* kNames[] = {"portable", "avx2", "avxvnni", "avx512vnni"};

/// Whether the kernels for avxvnni are encoded as AVX-512's, for a test: see tests/CMakeLists.txt.
constexpr bool kAvxVnniByAvx512 = OCTET_AVXVNNI_BY_AVX512;

bool has_avxvnni() {  // __builtin_cpu_supports of older compilers does not know it
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1u << 4)) != 0;
}

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

Isa best() {
  for (const Isa isa : {Isa::avx512vnni, Isa::avxvnni, Isa::avx2})
    if (has(isa)) return isa;
  return Isa::portable;
}

Isa decide() {
  const char* wanted = std::getenv("OCTET_ISA");
  if (wanted == nullptr || *wanted == '\0') return best();
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avxvnni, Isa::avx512vnni}) {
    if (std::string_view(wanted) != name_of(isa)) continue;
    OCTET_CHECK(has(isa), "OCTET_ISA=", wanted, ": this CPU has not all of it; use OCTET_ISA=", name_of(best()));
    return isa;
  }
  fail("OCTET_ISA=", wanted, ": expected portable, avx2, avxvnni or avx512vnni");
}

}  // namespace

Isa active_isa() {
  static const Isa isa = decide();
  return isa;
}

const char* name_of(Isa isa) { return kNames[static_cast<int>(isa)]; }

}  // namespace octet::ops::cpu
