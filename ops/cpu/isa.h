// Which instruction set the kernels use. Every kernel has a portable twin that gives the same bits;
// OCTET_ISA=portable|avx2 in the environment forces one.
#pragma once

namespace octet::ops::cpu {

enum class Isa { portable, avx2 };

/// The best one this CPU has, or the one OCTET_ISA asks for. Decided once; throws Error for an unknown or unavailable OCTET_ISA.
Isa active_isa();

const char* name_of(Isa isa);

}  // namespace octet::ops::cpu
