// Plain loops over the parts of an image, with whole sums.
#include "ops/int8/layer_norm.h"

#include <algorithm>
#include <charconv>

#include "ops/cuda/norms.h"
#include "ops/engines/normalization.h"

namespace octet::ops::int8 {
namespace {

/// 1e-5 of 1e-5f: PyTorch has the number as float64.
double as_written(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double number = 0;
  std::from_chars(text, end, number);
  return number;
}

CodeStatistics statistics_of(const uint8_t* x, int64_t n, const NormCodes& codes) {
  int64_t sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i], squares += int64_t{x[i]} * x[i];
  return int8::statistics_of(sum, squares, n, codes.input, as_written(codes.eps));
}

void check(const char* what, const Tensor& x, const Tensor& weight, const Tensor& bias, const Shape& parameters,
           const NormCodes& codes) {
  check_same_device(what, {&x, &weight, &bias});
  for (const Tensor& t : {weight, bias})
    OCTET_CHECK(!t.defined() || (t.shape() == parameters && t.dtype() == DType::f32), what, ": parameters ", t.dtype(), " ",
                t.shape(), ", expected float32 ", parameters);
  for (const QParams& q : {codes.input, codes.output}) check_qparams(q, DType::quint8, what);
}

/// Each part of n codes of x, which lies as floats do: [N, C, H, W]. value(part, i, q - zx, statistics): that of code i of the part.
template <class Value>
Tensor normalized(const Tensor& x, int64_t n, const NormCodes& codes, const Value& value) {
  Tensor y(x.shape(), DType::quint8);
  const int64_t parts = n ? x.numel() / n : 0;
  const float inverse_scale = 1.0f / codes.output.scale;
#pragma omp parallel for
  for (int64_t part = 0; part < parts; ++part) {
    const uint8_t* from = x.data<uint8_t>() + part * n;
    uint8_t* to = y.data<uint8_t>() + part * n;
    const CodeStatistics s = statistics_of(from, n, codes);
    for (int64_t i = 0; i < n; ++i) {
      const auto steps = static_cast<float>(from[i] - codes.input.zero_point);
      to[i] = static_cast<uint8_t>(round_to_code(value(part, i, steps, s) * inverse_scale, codes.output.zero_point, {0, 255}));
    }
  }
  return y;
}

Tensor on_device(const Tensor& x, int64_t size, const Tensor& weight, const Tensor& bias, bool per_part, const NormCodes& codes) {
  Tensor y(x.shape(), DType::quint8, Device::cuda);
  cuda::int8_normalize(x, size, weight, bias, per_part, codes.input, codes.output, as_written(codes.eps), y);
  return y;
}

float at(const Tensor& t, int64_t i, float otherwise) { return t.defined() ? t.data<float>()[i] : otherwise; }

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& over, const Tensor& weight, const Tensor& bias, const NormCodes& codes) {
  check_dtype("int8 layer_norm", DType::quint8, {&x});
  check("int8 layer_norm", x, weight, bias, over, codes);
  const Shape shape = channels_first(x.shape());
  const auto rank = static_cast<std::ptrdiff_t>(over.size());
  OCTET_CHECK(
      (x.dim() == 2 || x.dim() == 4) && rank > 0 && rank < x.dim() && std::equal(over.begin(), over.end(), shape.end() - rank),
      "int8 layer_norm: the last dimensions of ", shape, " are not ", over);
  if (x.on_cuda()) return on_device(x, numel(over), weight, bias, false, codes);
  const Tensor planes = to_channels_first(x);
  return to_channels_last(normalized(planes, numel(over), codes, [&](int64_t, int64_t i, float steps, const CodeStatistics& s) {
    return layer_norm_value(steps, s, at(weight, i, 1), at(bias, i, 0));
  }));
}

Tensor instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const NormCodes& codes) {
  OCTET_CHECK(x.dim() == 4 && x.dtype() == DType::quint8, "int8 instance_norm: expected quint8 [N, H, W, C], got ", x.dtype(),
              " ", x.shape());
  const int64_t C = x.size(3);
  check("int8 instance_norm", x, weight, bias, {C}, codes);
  if (x.on_cuda()) return on_device(x, x.size(1) * x.size(2), weight, bias, true, codes);
  return to_channels_last(normalized(to_channels_first(x), x.size(1) * x.size(2), codes,
                                     [&](int64_t part, int64_t, float steps, const CodeStatistics& s) {
                                       return instance_norm_value(steps, s, at(weight, part % C, 1), at(bias, part % C, 0));
                                     }));
}

}  // namespace octet::ops::int8
