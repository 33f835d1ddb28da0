// For CPUs that are no x86-64, in place of isa_x86.cpp and of the kernels for its instruction sets. Nobody gets to a kernel of
// these: use() is false for all but the portable ones.
#include <cstdlib>

#include "ops/cpu/affine.h"
#include "ops/cpu/fconv.h"
#include "ops/cpu/fdot.h"
#include "ops/cpu/isa.h"
#include "ops/cpu/observe.h"
#include "ops/cpu/peak.h"
#include "ops/cpu/qadd.h"
#include "ops/cpu/qconv.h"
#include "ops/cpu/qgemm.h"
#include "ops/cpu/qquantize.h"
#include "ops/cpu/winograd_fused.h"
#include "ops/cpu/winograd_int16.h"

namespace octet::ops::cpu {

bool has(Isa isa) { return isa == Isa::portable; }

const FDotKernels kFDotAvx2{}, kFDotAvx512Vnni{};
const FConvKernels kFConvAvx2{}, kFConvAvx512Vnni{};
const QAddKernels kQAddAvx2{}, kQAddAvx512Vnni{};
const ConvKernel kConvAvx2{}, kConvAvxVnni{}, kConvAvx512Vnni{};
const WinogradFused kWinogradFusedAvx2{}, kWinogradFusedAvx512Vnni{};
const WinogradInt16 kWinogradInt16Avx2{}, kWinogradInt16AvxVnni{}, kWinogradInt16Avx512Vnni{};

void affine_avx2(const float*, int64_t, float, float, float*) { std::abort(); }
void find_bins_avx2(const float*, int64_t, const BinRule&, int32_t*) { std::abort(); }
MinMaxNan min_max_avx2(const float*, int64_t) { std::abort(); }
std::span<const PeakLoop> peak_loops_avx2() { return {}; }
std::span<const PeakLoop> peak_loops_avxvnni() { return {}; }
std::span<const PeakLoop> peak_loops_avx512vnni() { return {}; }
void qgemm_avx2(const int16_t*, int64_t, const int16_t*, int64_t, int64_t, int32_t*) { std::abort(); }
void quantize_row_avx2(const float*, int64_t, int64_t, int64_t, const QuantizeConstants&, uint8_t*) { std::abort(); }

}  // namespace octet::ops::cpu
