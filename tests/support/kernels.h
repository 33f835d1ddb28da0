// The kernels of each instruction set that this CPU has, whichever OCTET_ISA asks for.
#pragma once

#include <vector>

#include "ops/cpu/isa.h"

namespace octet::test {

struct NamedKernels {
  const char* isa;
  ops::cpu::Kernels kernels;
};

inline std::vector<NamedKernels> kernels_of_each_set() {
  std::vector<NamedKernels> all;
  for (const ops::cpu::InstructionSet* set : ops::cpu::instruction_sets())
    if (ops::cpu::has(set->name)) all.push_back({set->name, ops::cpu::with_parents(*set)});
  return all;
}

inline const ops::cpu::Kernels& portable_kernels() { return ops::cpu::instruction_sets()[0]->kernels; }

}  // namespace octet::test
