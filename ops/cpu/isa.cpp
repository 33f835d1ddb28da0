#include "ops/cpu/isa.h"

#include <cstdlib>
#include <string_view>

#include "tensor/error.h"

namespace octet::ops::cpu {
namespace {

constexpr const char* kNames[] = {"portable", "avx2", "avxvnni", "avx512vnni"};

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
