#include "ops/cuda/int8_elementwise.h"

#include <cstring>

#include "ops/cuda/divisor.h"
#include "ops/cuda/launch.h"
#include "ops/engines/requantize.h"

namespace octet::ops::cuda {
namespace {

/// Element i of [N, H, W, C] is element nchw(i) of [N, C, H, W].
struct Layout {
  Divisor channels, pixels;  // C, H * W
  OCTET_HD uint32_t nchw(uint32_t i) const {
    const uint32_t c = i % channels, pixel = i / channels % pixels, n = i / channels / pixels;
    return (n * channels.value + c) * pixels.value + pixel;
  }
};
/// The layout of a channels-last tensor; other ranks keep their order.
Layout layout_of(const Tensor& x) {
  if (x.dim() != 4) return {1, 1};
  return {static_cast<uint32_t>(x.size(3)), static_cast<uint32_t>(x.size(1) * x.size(2))};
}

struct Quantize {
  const float* x;
  uint8_t* codes;
  Layout layout;
  float inverse_scale;
  int32_t zero_point;
  OCTET_HD void operator()(uint32_t i) const {
    codes[i] = static_cast<uint8_t>(int8::quantize_value(x[layout.nchw(i)], inverse_scale, zero_point, {0, 255}));
  }
};

struct Dequantize {
  const uint8_t* codes;
  float* x;
  Layout layout;
  int8::QParams qparams;
  OCTET_HD void operator()(uint32_t i) const { x[layout.nchw(i)] = int8::dequantize_value(codes[i], qparams); }
};

struct AddCodes {
  const uint8_t *a, *b;
  uint8_t* y;
  int8::QAdd rule;
  OCTET_HD void operator()(uint32_t i) const { y[i] = rule(a[i], b[i]); }
};

struct Clamp {
  const uint8_t* x;
  uint8_t* y;
  uint8_t low, high;
  OCTET_HD void operator()(uint32_t i) const {
    const uint8_t q = x[i] > low ? x[i] : low;
    y[i] = q < high ? q : high;
  }
};

struct Lookup {
  const uint8_t* x;
  uint8_t* y;  // where this part's channels begin
  Divisor channels;
  uint32_t pixel;
  uint8_t table[256];
  OCTET_HD void operator()(uint32_t i) const { y[static_cast<int64_t>(i / channels) * pixel + i % channels] = table[x[i]]; }
};

struct ToChannelsFirst {
  const uint8_t* x;
  uint8_t* y;
  Layout layout;
  OCTET_HD void operator()(uint32_t i) const { y[layout.nchw(i)] = x[i]; }
};

struct FakeQuantize {
  const float* x;
  int8::QParams one;
  const int8::QParams* each;  // of each slice; null: one for all
  uint32_t slice;
  int8::CodeRange codes;
  float* y;
  uint8_t* inside;  // or null
  OCTET_HD void operator()(uint32_t i) const {
    const int8::QParams q = each ? each[i / slice] : one;
    const float inverse_scale = 1.0f / q.scale;
    y[i] = int8::dequantize_value(int8::quantize_value(x[i], inverse_scale, q.zero_point, codes), q);
    if (inside == nullptr) return;
    const int32_t code = int8::quantize_value(x[i], inverse_scale, q.zero_point, {codes.qmin - 1, codes.qmax + 1});
    inside[i] = code >= codes.qmin && code <= codes.qmax ? 1 : 0;
  }
};

struct FakeQuantizeBackward {
  float* dy;
  const uint8_t* inside;
  OCTET_HD void operator()(uint32_t i) const { dy[i] *= static_cast<float>(inside[i]); }  // -0 where dy < 0, as in PyTorch
};

}  // namespace

void quantize(const Tensor& x, int8::QParams q, Tensor& codes) {
  map("quantize", x.numel(),
      Quantize{x.cuda_data<float>(), codes.cuda_data<uint8_t>(), layout_of(codes), 1.0f / q.scale, q.zero_point});
}

void dequantize(const Tensor& codes, int8::QParams q, Tensor& x) {
  map("dequantize", x.numel(), Dequantize{codes.cuda_data<uint8_t>(), x.cuda_data<float>(), layout_of(codes), q});
}

void int8_add(const Tensor& a, const Tensor& b, const int8::QAdd& rule, Tensor& y) {
  map("int8 add", y.numel(), AddCodes{a.cuda_data<uint8_t>(), b.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), rule});
}

void int8_clamp(const Tensor& x, uint8_t low, uint8_t high, Tensor& y) {
  map("int8 clamp", y.numel(), Clamp{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), low, high});
}

void int8_lookup(const Tensor& x, const std::array<uint8_t, 256>& table, int64_t first, Tensor& y) {
  Lookup part{x.cuda_data<uint8_t>(),
              y.cuda_data<uint8_t>() + first,
              static_cast<uint32_t>(x.shape().back()),
              static_cast<uint32_t>(y.shape().back()),
              {}};
  for (size_t q = 0; q < table.size(); ++q) part.table[q] = table[q];
  map("int8 lookup", x.numel(), part);
}

void to_channels_first(const Tensor& x, Tensor& y) {
  map("to_channels_first", x.numel(),
      ToChannelsFirst{reinterpret_cast<const uint8_t*>(x.cuda_bytes()), reinterpret_cast<uint8_t*>(y.cuda_bytes()),
                      layout_of(x)});
}

void fake_quantize(const Tensor& x, std::span<const int8::QParams> qparams, int8::CodeRange codes, Tensor& y, Tensor& inside) {
  if (x.numel() == 0) return;
  Tensor each;
  if (qparams.size() > 1) {  // one goes with the kernel: a Replay cannot keep copies from the host
    Tensor bytes({static_cast<int64_t>(qparams.size_bytes())}, DType::u8);
    std::memcpy(bytes.bytes(), qparams.data(), qparams.size_bytes());
    each = bytes.to(Device::cuda);
  }
  map("fake_quantize", x.numel(),
      FakeQuantize{x.cuda_data<float>(), qparams[0],
                   each.defined() ? reinterpret_cast<const int8::QParams*>(each.cuda_bytes()) : nullptr,
                   static_cast<uint32_t>(x.numel() / std::ssize(qparams)), codes, y.cuda_data<float>(),
                   inside.defined() ? inside.cuda_data<uint8_t>() : nullptr});
}

void fake_quantize_backward(Tensor& dy, const Tensor& inside) {
  map("fake_quantize_backward", dy.numel(), FakeQuantizeBackward{dy.cuda_data<float>(), inside.cuda_data<uint8_t>()});
}

}  // namespace octet::ops::cuda
