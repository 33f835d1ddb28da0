// From a range of real values to scale and zero point. Source: torch/ao/quantization/observer.py, _calculate_qparams.
//
//   affine      lo = min(min, 0), hi = max(max, 0), scale = max((hi - lo) / (qmax - qmin), eps),
//               zero_point = clamp(qmin - rne(lo / scale), qmin, qmax)
//   symmetric   scale = max(max(-lo, hi) / ((qmax - qmin) / 2), eps), zero_point = 0 for qint8, 128 for quint8, and the middle of
//               quint8 codes that were given
// The range always contains 0, so that 0 (padding, relu) has an exact code. All in float32.
#pragma once

#include <optional>

#include "ops/engines/qparams.h"

namespace octet::quant {

using ops::int8::CodeRange;
using ops::int8::Engine;
using ops::int8::QParams;

/// Smallest scale: torch.finfo(torch.float32).eps.
constexpr float kEps = 1.1920929e-07f;

enum class QScheme { affine, symmetric };

/// What an observer's numbers are for: its arguments dtype, qscheme, reduce_range and quant_min, quant_max in PyTorch.
struct QSpec {
  DType dtype = DType::quint8;
  QScheme scheme = QScheme::affine;
  bool reduce_range = false;            // one bit less, so that 16-bit sums of products cannot saturate
  std::optional<CodeRange> codes = {};  // instead of all that dtype has; must contain 0

  /// 0..255 or -128..127, halved by reduce_range. torch/ao/quantization/utils.py: calculate_qmin_qmax.
  CodeRange range() const;
  bool operator==(const QSpec&) const = default;
};

/// The weights of every default qconfig.
constexpr QSpec kWeightSpec{.dtype = DType::qint8, .scheme = QScheme::symmetric};

/// Throws Error for codes that are not in the dtype, or do not contain 0.
void check_spec(const QSpec& spec);

/// Throws Error for a range that is not finite or wider than a float32 can say.
QParams calculate_qparams(float min, float max, const QSpec& spec);

/// What PyTorch's fused observer and fake quantization computes instead, in double (its scale can differ in the last bits, and
/// its zero point by one):
///   affine      scale = f32((hi - lo) / (qmax - qmin)),  zero_point = rne(qmin - lo / scale) or rne(qmax - hi / scale),
///               whichever of the two has the smaller terms: |qmin| + |lo / scale| < |qmax| + |hi / scale|
///   symmetric   with lo < 0 < hi: m = max(-lo / (n + 1), hi / n), n = (qmax - qmin) / 2 in integers,
///               scale = ((2 n + 1) m) / (qmax - qmin), zero_point 0 for qint8
///   a scale below kSmallScale becomes kSmallScale; of an empty range, 0.1.
/// Source: fbgemm/QuantUtils.cc, ChooseQuantizationParams, which FusedMovingAvgObsFakeQuantize calls. (Its twin in
/// ATen/native/quantized/cpu/QuantUtils.h keeps a double and subtracts the terms; that one does not run, as comparing shows.)
QParams fused_qparams(float min, float max, const QSpec& spec);
constexpr float kSmallScale = 6.1e-5f;

}  // namespace octet::quant
