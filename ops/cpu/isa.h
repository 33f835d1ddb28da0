// Which instruction set the kernels use. Every kernel has a portable twin that gives the same bits;
// OCTET_ISA=portable|avx2|avxvnni|avx512vnni in the environment forces one.
#pragma once

namespace octet::ops::cpu {

/// Each is faster than those before it. avx2: with FMA. avxvnni: AVX2 and AVX-VNNI, as Intel's processors without AVX-512 have
/// it. avx512vnni: AVX-512 F, BW, DQ, VL and VNNI; kernels of avx2 run there too, those of avxvnni need not.
enum class Isa { portable, avx2, avxvnni, avx512vnni };

/// Whether this CPU has it. (isa_x86.cpp; isa_stub.cpp for CPUs that are no x86-64, and have portable only.)
bool has(Isa isa);

/// The best one this CPU has, or the one OCTET_ISA asks for. Decided once; throws Error for an unknown or unavailable OCTET_ISA.
Isa active_isa();
inline bool use(Isa isa) { return active_isa() >= isa; }

const char* name_of(Isa isa);

}  // namespace octet::ops::cpu
