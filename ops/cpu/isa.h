// Which instruction set the kernels use. Every kernel has a portable twin that gives the same bits;
// OCTET_ISA=portable|avx2|avx512vnni in the environment forces one.
#pragma once

namespace octet::ops::cpu {

/// Each has what those before it have. avx2: with FMA. avx512vnni: AVX-512 F, BW, DQ, VL and VNNI.
enum class Isa { portable, avx2, avx512vnni };

/// The best one this CPU has, or the one OCTET_ISA asks for. Decided once; throws Error for an unknown or unavailable OCTET_ISA.
Isa active_isa();
inline bool use(Isa isa) { return active_isa() >= isa; }

const char* name_of(Isa isa);

}  // namespace octet::ops::cpu
