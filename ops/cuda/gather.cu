#include "ops/cuda/gather.h"

#include "ops/cuda/divisor.h"
#include "ops/cuda/launch.h"
#include "ops/engines/round.h"

namespace octet::ops::cuda {
namespace {

uint32_t small(int64_t n) { return static_cast<uint32_t>(n); }

/// The partner of element i.
struct Partner {
  Divisor s1, s2, s3;  // sizes of the last three dimensions
  uint32_t stride[4];
  explicit Partner(const Broadcast& b) : s1(small(b.sizes()[1])), s2(small(b.sizes()[2])), s3(small(b.sizes()[3])), stride{} {
    for (size_t d = 0; d < 4; ++d) stride[d] = small(b.strides()[d]);
  }
  OCTET_HD uint32_t of(uint32_t i) const {
    const uint32_t row = i / s3, plane = row / s2;
    return plane / s1 * stride[0] + plane % s1 * stride[1] + row % s2 * stride[2] + i % s3 * stride[3];
  }
};

struct MultiplyGate {
  const float *x, *gate;
  float* y;
  Partner partner;
  OCTET_HD void operator()(uint32_t i) const { y[i] = x[i] * gate[partner.of(i)]; }
};

struct MultiplyGateCodes {
  const uint8_t *x, *gate;
  uint8_t* y;
  Partner partner;
  int8::QMultiply rule;
  OCTET_HD void operator()(uint32_t i) const { y[i] = rule(x[i], gate[partner.of(i)]); }
};

/// One element of the smaller tensor: it walks through those of the larger one that it serves.
struct SumTo {
  const float* x;
  float* y;
  uint32_t sizes[4], gate[4];  // of x, and of y
  OCTET_HD void operator()(uint32_t g) const {
    uint32_t first[4], last[4], rest = g;
    for (int d = 3; d >= 0; --d) {
      const uint32_t at = rest % gate[d];
      rest /= gate[d];
      first[d] = gate[d] == 1 ? 0 : at;
      last[d] = gate[d] == 1 ? sizes[d] : at + 1;
    }
    float sum = 0;
    for (uint32_t a = first[0]; a < last[0]; ++a)
      for (uint32_t b = first[1]; b < last[1]; ++b)
        for (uint32_t c = first[2]; c < last[2]; ++c)
          for (uint32_t d = first[3]; d < last[3]; ++d)
            sum += x[((static_cast<int64_t>(a) * sizes[1] + b) * sizes[2] + c) * sizes[3] + d];
    y[g] = sum;
  }
};

constexpr int kMostDims = 4;

template <class T>
struct Permute {
  const T* x;
  T* y;
  Divisor inner, channels;
  int dims;
  uint32_t size[kMostDims], stride[kMostDims];  // of the result's dimensions: how many, and how far apart in x
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t c = i / inner % channels, image = i / inner / channels;
    uint32_t rest = c, from = 0;
    for (int d = dims - 1; d >= 0; --d) {
      from += rest % size[d] * stride[d];
      rest /= size[d];
    }
    y[i] = x[(static_cast<int64_t>(image) * channels.value + from) * inner.value + i % inner];
  }
};

struct Pad {
  const float* x;
  float* y;
  PadAxis rows, cols;
  Divisor P, Q;
  float value;
  OCTET_HD void operator()(uint32_t i) const {
    const int64_t h = rows.source(i / Q % P), w = cols.source(i % Q);
    y[i] = h == kNoSource || w == kNoSource ? value : x[(static_cast<int64_t>(i / Q / P) * rows.size + h) * cols.size + w];
  }
};

/// dx of one pixel: the gradients of its copies. A row has copies inside and, where the border repeats the image, outside.
struct PadBackward {
  const float* dy;
  float* dx;
  PadAxis rows, cols;
  Divisor H, W;
  OCTET_HD void operator()(uint32_t i) const {
    const int64_t P = rows.padded(), Q = cols.padded(), h = i / W % H, w = i % W;
    const float* plane = dy + static_cast<int64_t>(i / W / H) * P * Q;
    float sum = 0;
    for (int64_t p = first(rows, h); p < last(rows, h); ++p) {
      if (rows.source(p) != h) continue;
      for (int64_t q = first(cols, w); q < last(cols, w); ++q)
        if (cols.source(q) == w) sum += plane[p * Q + q];
    }
    dx[i] = sum;
  }

 private:
  OCTET_HD static bool repeats(const PadAxis& a) { return a.mode != PadMode::constant; }
  OCTET_HD static int64_t first(const PadAxis& a, int64_t i) { return repeats(a) || i + a.before < 0 ? 0 : i + a.before; }
  OCTET_HD static int64_t last(const PadAxis& a, int64_t i) {
    const int64_t end = i + a.before + 1;
    return repeats(a) || end > a.padded() ? a.padded() : end;
  }
};

struct Interpolate {
  const float* x;
  float* y;
  ResizeAxis rows, cols;
  Divisor P, Q;
  OCTET_HD void operator()(uint32_t i) const {
    const ResizeSource r = rows.source(i / Q % P), c = cols.source(i % Q);
    const float* plane = x + static_cast<int64_t>(i / Q / P) * rows.input * cols.input;
    const float *above = plane + r.first * cols.input, *below = plane + r.second * cols.input;
    y[i] = rows.mode == InterpolateMode::nearest
               ? above[c.first]
               : bilinear({above[c.first], above[c.second], below[c.first], below[c.second]}, r, c);
  }
};

/// dx of one pixel: its weight in each pixel of the result that it is part of.
struct InterpolateBackward {
  const float* dy;
  float* dx;
  ResizeAxis rows, cols;
  Divisor H, W;
  OCTET_HD void operator()(uint32_t i) const {
    const int64_t h = i / W % H, w = i % W;
    const float* plane = dy + static_cast<int64_t>(i / W / H) * rows.output * cols.output;
    float sum = 0;
    for (int64_t p = first(rows, h); p < last(rows, h); ++p) {
      const float of_row = weight(rows.source(p), h);
      if (of_row == 0.0f) continue;
      for (int64_t q = first(cols, w); q < last(cols, w); ++q)
        sum += plane[p * cols.output + q] * of_row * weight(cols.source(q), w);
    }
    dx[i] = sum;
  }

 private:
  OCTET_HD static float weight(const ResizeSource& s, int64_t i) {
    return (s.first == i ? s.weight_of_first : 0.0f) + (s.second == i ? s.weight_of_second : 0.0f);
  }
  /// Pixels of the result near enough to be made of pixel i; those beyond its ends are made of the last ones.
  OCTET_HD static int64_t first(const ResizeAxis& a, int64_t i) {
    if (i == 0 || a.scale <= 0.0f) return 0;
    const auto p = static_cast<int64_t>((static_cast<float>(i) - 1.0f) / a.scale) - 2;
    return p > 0 ? p : 0;
  }
  OCTET_HD static int64_t last(const ResizeAxis& a, int64_t i) {
    if (i == a.input - 1 || a.scale <= 0.0f) return a.output;
    const auto p = static_cast<int64_t>((static_cast<float>(i) + 1.0f) / a.scale) + 3;
    return p < a.output ? p : a.output;
  }
};

struct InterpolateCodes {
  const uint8_t* x;
  uint8_t* y;
  ResizeAxis rows, cols;
  Divisor P, Q, C;
  int32_t zero_point;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t c = i % C, pixel = i / C;
    const ResizeSource r = rows.source(pixel / Q % P), col = cols.source(pixel % Q);
    const uint8_t* image = x + static_cast<int64_t>(pixel / Q / P) * rows.input * cols.input * C.value + c;
    const auto at = [&](int64_t h, int64_t w) { return image[(h * cols.input + w) * C.value]; };
    if (rows.mode == InterpolateMode::nearest) {
      y[i] = at(r.first, col.first);
      return;
    }
    const float corners[4] = {static_cast<float>(at(r.first, col.first)), static_cast<float>(at(r.first, col.second)),
                              static_cast<float>(at(r.second, col.first)), static_cast<float>(at(r.second, col.second))};
    const float value = bilinear_of_codes(corners, r, col, c < C.value / 8 * 8);
    y[i] = static_cast<uint8_t>(int8::round_to_code(value - static_cast<float>(zero_point), zero_point, {0, 255}));
  }
};

struct JoinPhases {
  const uint8_t* made;
  uint8_t* y;
  Phases2 phases;
  int64_t rows, cols, pixel;  // of `made`
  int64_t group;              // K/G
  Divisor P, Q, K;
  OCTET_HD void operator()(uint32_t i) const {
    const int64_t k = i % K, at = i / K, q = at % Q.value, p = at / Q.value % P.value, n = at / Q.value / P.value;
    const int64_t f = phases.h.of(p) * phases.w.stride + phases.w.of(q);
    const uint8_t* from = made + ((n * rows + phases.h.row(p)) * cols + phases.w.row(q)) * pixel;
    y[i] = from[(k / group * phases.count() + f) * group + k % group];
  }
};

}  // namespace

void multiply_gate(const Tensor& x, const Tensor& gate, const Broadcast& gate_of, Tensor& y) {
  map("multiply", y.numel(), MultiplyGate{x.cuda_data<float>(), gate.cuda_data<float>(), y.cuda_data<float>(), Partner(gate_of)});
}

void int8_multiply_gate(const Tensor& x, const Tensor& gate, const Broadcast& gate_of, const int8::QMultiply& rule, Tensor& y) {
  map("int8 multiply", y.numel(),
      MultiplyGateCodes{x.cuda_data<uint8_t>(), gate.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), Partner(gate_of), rule});
}

void sum_to(const Tensor& x, const Broadcast& gate_of, Tensor& y) {
  SumTo sum{x.cuda_data<float>(), y.cuda_data<float>(), {}, {}};
  for (size_t d = 0; d < 4; ++d) {
    sum.sizes[d] = small(gate_of.sizes()[d]);
    sum.gate[d] = gate_of.strides()[d] == 0 ? 1 : sum.sizes[d];
  }
  map("sum_to", y.numel(), sum);
}

void permute_channels(const Tensor& x, std::span<const int64_t> sizes, std::span<const int64_t> dims, int64_t inner, Tensor& y) {
  const auto run = [&]<class T>(T) {
    Permute<T> permute{reinterpret_cast<const T*>(x.cuda_bytes()),
                       reinterpret_cast<T*>(y.cuda_bytes()),
                       small(inner),
                       1,
                       static_cast<int>(dims.size()),
                       {},
                       {}};
    uint32_t channels = 1;
    for (size_t d = 0; d < dims.size(); ++d) {
      const auto from = static_cast<size_t>(dims[d]);
      permute.size[d] = small(sizes[from]);
      permute.stride[d] = 1;
      for (size_t behind = from + 1; behind < sizes.size(); ++behind) permute.stride[d] *= small(sizes[behind]);
      channels *= permute.size[d];
    }
    permute.channels = channels;
    map("permute", y.numel(), permute);
  };
  if (size_of(x.dtype()) == 4)
    run(uint32_t{});
  else
    run(uint8_t{});
}

void pad(const Tensor& x, const PadAxis& rows, const PadAxis& cols, float value, Tensor& y) {
  map("pad", y.numel(),
      Pad{x.cuda_data<float>(), y.cuda_data<float>(), rows, cols, small(rows.padded()), small(cols.padded()), value});
}

void pad_backward(const Tensor& dy, const PadAxis& rows, const PadAxis& cols, Tensor& dx) {
  map("pad_backward", dx.numel(),
      PadBackward{dy.cuda_data<float>(), dx.cuda_data<float>(), rows, cols, small(rows.size), small(cols.size)});
}

void interpolate(const Tensor& x, const ResizeAxis& rows, const ResizeAxis& cols, Tensor& y) {
  map("interpolate", y.numel(),
      Interpolate{x.cuda_data<float>(), y.cuda_data<float>(), rows, cols, small(rows.output), small(cols.output)});
}

void interpolate_backward(const Tensor& dy, const ResizeAxis& rows, const ResizeAxis& cols, Tensor& dx) {
  map("interpolate_backward", dx.numel(),
      InterpolateBackward{dy.cuda_data<float>(), dx.cuda_data<float>(), rows, cols, small(rows.input), small(cols.input)});
}

void int8_interpolate(const Tensor& x, const ResizeAxis& rows, const ResizeAxis& cols, int32_t zero_point, Tensor& y) {
  map("int8 interpolate", y.numel(),
      InterpolateCodes{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), rows, cols, small(rows.output), small(cols.output),
                       small(y.size(3)), zero_point});
}

void join_phases(const Tensor& made, const Phases2& phases, int64_t groups, Tensor& y) {
  map("conv_transpose2d", y.numel(),
      JoinPhases{made.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), phases, made.size(1), made.size(2), made.size(3),
                 y.size(3) / groups, small(y.size(1)), small(y.size(2)), small(y.size(3))});
}

}  // namespace octet::ops::cuda
