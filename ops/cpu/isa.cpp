#include "ops/cpu/isa.h"

#include <cstdlib>
#include <string_view>

#include "tensor/error.h"

namespace octet::ops::cpu {
namespace {

constexpr const char* kNames[] = {"portable", "avx2", "avx512vnni"};

Isa best() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::portable;
  const bool vnni = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512vnni");
  return vnni ? Isa::avx512vnni : Isa::avx2;
}

Isa decide() {
  const char* wanted = std::getenv("OCTET_ISA");
  if (wanted == nullptr || *wanted == '\0') return best();
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512vnni}) {
    if (std::string_view(wanted) != name_of(isa)) continue;
    OCTET_CHECK(isa <= best(), "OCTET_ISA=", wanted, ": this CPU has not all of it; use OCTET_ISA=", name_of(best()));
    return isa;
  }
  fail("OCTET_ISA=", wanted, ": expected portable, avx2 or avx512vnni");
}

}  // namespace

Isa active_isa() {
  static const Isa isa = decide();
  return isa;
}

const char* name_of(Isa isa) { return kNames[static_cast<int>(isa)]; }

}  // namespace octet::ops::cpu
