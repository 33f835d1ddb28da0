// Which instruction set the kernels use: the last in the list that this CPU has, or the one that OCTET_ISA in the environment
// names. Sets are no ladder: each has a parent, whose kernels it uses where it has none of its own. All give the same bits.
#pragma once

#include <span>
#include <string_view>

#include "ops/cpu/kernels.h"

namespace octet::ops::cpu {

using InstructionSets = std::span<const InstructionSet* const>;

/// Those that were compiled (ops/cpu/instruction_sets.cmake). Of those that a CPU has, the last is the fastest.
InstructionSets instruction_sets();

/// features_x86.cpp, or features_other.cpp for CPUs that are no x86-64.
Features features_of_this_cpu();

/// Whether a CPU with these features can run the kernels of a set and of its parents.
bool runs_on(const InstructionSet& set, Features cpu);

/// The set called `wanted`; null or empty: the fastest. Throws Error where there is no such set, or the CPU has not all of it.
const InstructionSet& choose(InstructionSets sets, Features cpu, const char* wanted);

/// The set's own kernels, and where it has none its parent's.
Kernels with_parents(const InstructionSet& set);

/// What this process uses. Decided once; throws Error for an unknown or unavailable OCTET_ISA.
const InstructionSet& active_isa();
const Kernels& kernels();

/// Whether a set of this name was compiled, and this CPU has it.
bool has(std::string_view name);

}  // namespace octet::ops::cpu
