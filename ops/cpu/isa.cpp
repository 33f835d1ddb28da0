// The choice of an instruction set, and of each kernel family's table.
#include "ops/cpu/isa.h"

#include <cstdlib>
#include <string>

#include "ops/cpu/families.h"
#include "tensor/error.h"

namespace octet::ops::cpu {
namespace {

const InstructionSet* find(InstructionSets sets, std::string_view name) {
  for (const InstructionSet* set : sets)
    if (set->name == name) return set;
  return nullptr;
}

/// "a, b or c"
std::string names_of(InstructionSets sets) {
  std::string names;
  for (size_t i = 0; i < sets.size(); ++i) {
    if (i > 0) names += i + 1 == sets.size() ? " or " : ", ";
    names += sets[i]->name;
  }
  return names;
}

const InstructionSet& fastest(InstructionSets sets, Features cpu) {
  for (size_t i = sets.size(); i-- > 0;)
    if (runs_on(*sets[i], cpu)) return *sets[i];
  fail("this CPU has none of the instruction sets ", names_of(sets));
}

}  // namespace

bool runs_on(const InstructionSet& set, Features cpu) {
  for (const InstructionSet* s = &set; s != nullptr; s = s->parent)
    if ((s->needs & ~cpu) != 0) return false;
  return true;
}

const InstructionSet& choose(InstructionSets sets, Features cpu, const char* wanted) {
  if (wanted == nullptr || *wanted == '\0') return fastest(sets, cpu);
  const InstructionSet* set = find(sets, wanted);
  OCTET_CHECK(set != nullptr, "OCTET_ISA=", wanted, ": expected ", names_of(sets));
  OCTET_CHECK(runs_on(*set, cpu), "OCTET_ISA=", wanted, ": this CPU has not all of it; use OCTET_ISA=", fastest(sets, cpu).name);
  return *set;
}

Kernels with_parents(const InstructionSet& set) {
  Kernels all = set.kernels;
  for (const InstructionSet* parent = set.parent; parent != nullptr; parent = parent->parent)
    for_each_family([&](auto family) {
      if (all.*family == nullptr) all.*family = parent->kernels.*family;
    });
  return all;
}

const InstructionSet& active_isa() {
  static const InstructionSet& isa = choose(instruction_sets(), features_of_this_cpu(), std::getenv("OCTET_ISA"));
  return isa;
}

const Kernels& kernels() {
  static const Kernels all = with_parents(active_isa());
  return all;
}

bool has(std::string_view name) {
  const InstructionSet* set = find(instruction_sets(), name);
  return set != nullptr && runs_on(*set, features_of_this_cpu());
}

}  // namespace octet::ops::cpu
