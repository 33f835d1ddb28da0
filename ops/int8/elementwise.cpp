#include "ops/int8/elementwise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/cuda/int8_elementwise.h"
#include "ops/engines/requantize.h"

namespace octet::ops::int8 {

namespace {

/// code -> the code of f(its value).
template <class F>
CodeTable table_by(F f, QParams input, QParams output, TableRule rule = TableRule::after_rounding) {
  CodeTable table;
  const float inverse_scale = 1.0f / output.scale;
  for (int32_t q = 0; q < 256; ++q) {
    const float steps = f(dequantize_value(q, input)) * inverse_scale;
    table[static_cast<size_t>(q)] = static_cast<uint8_t>(
        rule == TableRule::after_rounding ? round_to_code(steps, output.zero_point, {0, 255})
                                          : round_to_code(steps + static_cast<float>(output.zero_point), 0, {0, 255}));
  }
  return table;
}

/// code -> the code of the same value in another scale.
CodeTable rescaling_table(QParams input, QParams output) {
  CodeTable table;
  std::iota(table.begin(), table.end(), uint8_t{0});
  return input == output ? table : table_by([](float value) { return value; }, input, output);
}

}  // namespace

void clamp_codes(const uint8_t* x, int64_t n, CodeRange range, uint8_t* y) {
  const auto low = static_cast<uint8_t>(range.qmin), high = static_cast<uint8_t>(range.qmax);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = std::min(std::max(x[i], low), high);
}

Tensor clamp(const Tensor& x, int32_t low, int32_t high) {
  check_dtype("int8 clamp", DType::quint8, {&x});
  OCTET_CHECK(0 <= low && low <= high && high <= 255, "int8 clamp: from ", low, " to ", high,
              ", expected codes of 0..255, the lower one first");
  Tensor y(x.shape(), x.dtype(), x.device());
  if (x.on_cuda()) return cuda::int8_clamp(x, static_cast<uint8_t>(low), static_cast<uint8_t>(high), y), y;
  const uint8_t* from = x.data<uint8_t>();
  uint8_t* to = y.data<uint8_t>();
  constexpr int64_t kChunk = 1 << 14;
  const int64_t n = y.numel();
#pragma omp parallel for if (n > kChunk)
  for (int64_t begin = 0; begin < n; begin += kChunk)
    clamp_codes(from + begin, std::min(kChunk, n - begin), {low, high}, to + begin);
  return y;
}

CodeTable table_of(Activation activation, QParams input, QParams output, TableRule rule) {
  for (const QParams& q : {input, output}) check_qparams(q, DType::quint8, name_of(activation));
  OCTET_CHECK(!std::isnan(activation.a) && !std::isnan(activation.b), name_of(activation), ": a parameter is nan");
  return with(activation, [&](auto f) { return table_by([f](float x) { return f.value(x); }, input, output, rule); });
}

CodeTable elu_table(float alpha, QParams input, QParams output) {
  for (const QParams& q : {input, output}) check_qparams(q, DType::quint8, "elu");
  OCTET_CHECK(!std::isnan(alpha), "elu: alpha is nan");
  const auto elu = [alpha](float x) {
    return x > 0.0f ? x : (static_cast<float>(std::exp(static_cast<double>(x))) - 1.0f) * alpha;
  };
  return table_by(elu, input, output);
}

Tensor lookup(const Tensor& x, const CodeTable& table) {
  OCTET_CHECK(x.dtype() == DType::quint8, "int8 lookup: expected quint8, got ", x.dtype());
  Tensor y(x.shape(), x.dtype(), x.device());
  if (x.on_cuda()) {
    if (x.numel() > 0) cuda::int8_lookup(x, table, 0, y);
    return y;
  }
  const uint8_t* in = x.data<uint8_t>();
  uint8_t* out = y.data<uint8_t>();
  const int64_t n = x.numel();
#pragma omp parallel for
  for (int64_t i = 0; i < n; ++i) out[i] = table[in[i]];
  return y;
}

Tensor cat_channels(std::span<const Tensor> parts, std::span<const QParams> qparams, QParams output) {
  OCTET_CHECK(!parts.empty() && parts.size() == qparams.size(), "int8 cat: ", parts.size(), " tensors with ", qparams.size(),
              " qparams");
  for (const QParams& q : qparams) check_qparams(q, DType::quint8, "int8 cat input");
  check_qparams(output, DType::quint8, "int8 cat output");
  OCTET_CHECK(parts[0].dim() >= 2, "int8 cat: expected tensors [N, C] or [N, H, W, C], got ", parts[0].shape());
  Shape shape = parts[0].shape();
  shape.back() = 0;
  for (const Tensor& part : parts) {
    OCTET_CHECK(part.dtype() == DType::quint8 && part.dim() == parts[0].dim() && part.dim() >= 2 &&
                    std::equal(shape.begin(), shape.end() - 1, part.shape().begin()),
                "int8 cat: expected quint8 tensors that differ in channels only, got ", part.dtype(), " ", part.shape(),
                " beside ", parts[0].shape());
    shape.back() += part.shape().back();
    check_same_device("int8 cat", {&parts[0], &part});
  }
  Tensor y(shape, DType::quint8, parts[0].device());
  const int64_t pixels = shape.back() ? y.numel() / shape.back() : 0;
  int64_t first = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const CodeTable table = rescaling_table(qparams[i], output);
    const int64_t channels = parts[i].shape().back();
    if (y.on_cuda()) {
      cuda::int8_lookup(parts[i], table, first, y);
      first += channels;
      continue;
    }
    const uint8_t* in = parts[i].data<uint8_t>();
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t c = 0; c < channels; ++c) y.data<uint8_t>()[p * shape.back() + first + c] = table[in[p * channels + c]];
    first += channels;
  }
  return y;
}

Tensor flatten(const Tensor& x) {
  if (x.dim() == 2) return x;
  OCTET_CHECK(x.dim() == 4 && x.dtype() == DType::quint8, "int8 flatten: expected quint8 [N, H, W, C], got ", x.dtype(), " ",
              x.shape());
  const Shape flat{x.size(0), x.size(0) ? x.numel() / x.size(0) : 0};
  if (x.on_cuda()) {
    Tensor y(flat, DType::quint8, Device::cuda);
    return cuda::to_channels_first(x, y), y;
  }
  return to_channels_first(x).reshape(flat);
}

}  // namespace octet::ops::int8
