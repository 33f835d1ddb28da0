#include "ops/cpu/isa.h"

#include <cstdlib>
#include <string_view>

#include "tensor/error.h"

namespace octet::ops::cpu {
namespace {

bool cpu_has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

Isa decide() {
  const char* wanted = std::getenv("OCTET_ISA");
  if (wanted == nullptr || *wanted == '\0') return cpu_has_avx2() ? Isa::avx2 : Isa::portable;
  if (std::string_view(wanted) == "portable") return Isa::portable;
  OCTET_CHECK(std::string_view(wanted) == "avx2", "OCTET_ISA=", wanted, ": expected portable or avx2");
  OCTET_CHECK(cpu_has_avx2(), "OCTET_ISA=avx2: this CPU has no AVX2 with FMA; use OCTET_ISA=portable");
  return Isa::avx2;
}

}  // namespace

Isa active_isa() {
  static const Isa isa = decide();
  return isa;
}

const char* name_of(Isa isa) { return isa == Isa::avx2 ? "avx2" : "portable"; }

}  // namespace octet::ops::cpu
