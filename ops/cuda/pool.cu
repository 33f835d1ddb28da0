#include "ops/cuda/pool.h"

#include <cmath>

#include "ops/cuda/divisor.h"
#include "ops/cuda/launch.h"
#include "ops/engines/requantize.h"
#include "ops/pool.h"

namespace octet::ops::cuda {
namespace {

/// Pixels [h0, h1) x [w0, w1) of an image, in steps.
struct Window {
  int h0, h1, w0, w1, step_h = 1, step_w = 1;
};

/// The window of output (p, q), without its padding.
struct Sliding {
  int H, W, kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w;  // kernels with their dilation
  Sliding(int64_t h, int64_t w, const MaxPool2dOptions& o)
      : H(static_cast<int>(h)),
        W(static_cast<int>(w)),
        kernel_h(static_cast<int>(o.span().h)),
        kernel_w(static_cast<int>(o.span().w)),
        stride_h(static_cast<int>(o.stride.h)),
        stride_w(static_cast<int>(o.stride.w)),
        padding_h(static_cast<int>(o.padding.h)),
        padding_w(static_cast<int>(o.padding.w)),
        dilation_h(static_cast<int>(o.dilation.h)),
        dilation_w(static_cast<int>(o.dilation.w)) {}
  OCTET_HD Window of(int p, int q) const {
    const int h = p * stride_h - padding_h, w = q * stride_w - padding_w;
    return {first_inside(h, dilation_h),
            h + kernel_h < H ? h + kernel_h : H,
            first_inside(w, dilation_w),
            w + kernel_w < W ? w + kernel_w : W,
            dilation_h,
            dilation_w};
  }
  /// Outputs whose windows may hold pixel (h, w), as a range of p and of q.
  OCTET_HD Window over(int h, int w) const {
    return {first_over(h + padding_h, kernel_h, stride_h), (h + padding_h) / stride_h + 1,
            first_over(w + padding_w, kernel_w, stride_w), (w + padding_w) / stride_w + 1};
  }

 private:
  OCTET_HD static int first_inside(int at, int dilation) { return at < 0 ? at + (-at + dilation - 1) / dilation * dilation : at; }
  OCTET_HD static int first_over(int at, int kernel, int stride) { return at < kernel ? 0 : (at - kernel) / stride + 1; }
};

/// The window of output (p, q) of P x Q: ops/pool.h.
struct Adaptive {
  int H, W, P, Q;
  OCTET_HD Window of(int p, int q) const {
    const AdaptiveWindow rows = adaptive_window(p, H, P), cols = adaptive_window(q, W, Q);
    return {static_cast<int>(rows.begin), static_cast<int>(rows.end), static_cast<int>(cols.begin), static_cast<int>(cols.end)};
  }
  /// Outputs whose windows may hold pixel (h, w): cell i holds h if i * H / P <= h < (i + 1) * H / P, rounded outwards.
  OCTET_HD Window over(int h, int w) const {
    return {first_over(h, H, P), static_cast<int>((static_cast<int64_t>(h) + 1) * P - 1) / H + 1, first_over(w, W, Q),
            static_cast<int>((static_cast<int64_t>(w) + 1) * Q - 1) / W + 1};
  }

 private:
  OCTET_HD static int first_over(int at, int input, int output) {
    return static_cast<int>(static_cast<int64_t>(at) * output / input);
  }

 public:
};

/// The largest value of each window (NaN wins), and its place where that is wanted: the first among equals.
template <class Windows>
struct MaxPool {
  const float* x;
  float* y;
  int32_t* indices;  // or null
  Windows windows;
  Divisor P, Q;
  OCTET_HD void operator()(uint32_t i) const {
    const Window w = windows.of(static_cast<int>(i / Q % P), static_cast<int>(i % Q));
    const float* plane = x + static_cast<int64_t>(i / Q / P) * windows.H * windows.W;
    float best = -INFINITY;
    int32_t index = w.h0 * windows.W + w.w0;
    for (int h = w.h0; h < w.h1; h += w.step_h)
      for (int col = w.w0; col < w.w1; col += w.step_w) {
        const float v = plane[h * windows.W + col];
        if (v > best || v != v) best = v, index = h * windows.W + col;
      }
    y[i] = best;
    if (indices != nullptr) indices[i] = index;
  }
};

/// dx of one pixel: the gradients of the windows whose largest it is, in their order.
template <class Windows>
struct MaxPoolBackward {
  const float* dy;
  const int32_t* indices;
  float* dx;
  Windows windows;
  int P, Q;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t W = static_cast<uint32_t>(windows.W), H = static_cast<uint32_t>(windows.H), pixel = i % (H * W);
    const Window over = windows.over(static_cast<int>(pixel / W), static_cast<int>(pixel % W));
    const int64_t plane = static_cast<int64_t>(i / (H * W)) * P * Q;
    float sum = 0;
    for (int p = over.h0; p < over.h1 && p < P; ++p)
      for (int q = over.w0; q < over.w1 && q < Q; ++q)
        if (indices[plane + p * Q + q] == static_cast<int32_t>(pixel)) sum += dy[plane + p * Q + q];
    dx[i] = sum;
  }
};

struct AvgPoolBackward {
  const float* dy;
  float* dx;
  Adaptive windows;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t W = static_cast<uint32_t>(windows.W), H = static_cast<uint32_t>(windows.H), pixel = i % (H * W);
    const int h = static_cast<int>(pixel / W), w = static_cast<int>(pixel % W);
    const Window over = windows.over(h, w);
    const float* plane = dy + static_cast<int64_t>(i / (H * W)) * windows.P * windows.Q;
    float sum = 0;
    for (int p = over.h0; p < over.h1 && p < windows.P; ++p)
      for (int q = over.w0; q < over.w1 && q < windows.Q; ++q) {
        const Window cell = windows.of(p, q);
        if (h < cell.h0 || h >= cell.h1 || w < cell.w0 || w >= cell.w1) continue;
        sum += plane[p * windows.Q + q] / static_cast<float>((cell.h1 - cell.h0) * (cell.w1 - cell.w0));
      }
    dx[i] = sum;
  }
};

struct AvgPool {
  const float* x;
  float* y;
  Adaptive windows;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t P = static_cast<uint32_t>(windows.P), Q = static_cast<uint32_t>(windows.Q);
    const Window w = windows.of(static_cast<int>(i / Q % P), static_cast<int>(i % Q));
    const float* plane = x + static_cast<int64_t>(i / Q / P) * windows.H * windows.W;
    float sum = 0;
    for (int h = w.h0; h < w.h1; ++h)
      for (int col = w.w0; col < w.w1; ++col) sum += plane[h * windows.W + col];
    y[i] = sum / static_cast<float>((w.h1 - w.h0) * (w.w1 - w.w0));
  }
};

/// The larger byte, or the larger of each of the four bytes of two words.
OCTET_HD inline uint8_t largest(uint8_t a, uint8_t b) { return a > b ? a : b; }
OCTET_HD inline uint32_t largest(uint32_t a, uint32_t b) {
#ifdef __CUDA_ARCH__
  return __vmaxu4(a, b);
#else
  uint32_t both = 0;
  for (int bit = 0; bit < 32; bit += 8) {
    const uint32_t byte = uint32_t{0xFF} << bit;
    both |= (a & byte) > (b & byte) ? a & byte : b & byte;
  }
  return both;
#endif
}

/// Codes: one channel of a pixel, or four in a word.
template <class Codes>
struct Int8MaxPool {
  const Codes* x;
  Codes* y;
  Sliding windows;
  Divisor P, Q, C;  // C in Codes
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t c = i % C, pixel = i / C;
    const Window w = windows.of(static_cast<int>(pixel / Q % P), static_cast<int>(pixel % Q));
    const Codes* image = x + static_cast<int64_t>(pixel / Q / P) * windows.H * windows.W * C.value + c;
    Codes best = 0;
    for (int h = w.h0; h < w.h1; h += w.step_h)
      for (int col = w.w0; col < w.w1; col += w.step_w)
        best = largest(best, image[static_cast<int64_t>(h * windows.W + col) * C.value]);
    y[i] = best;
  }
};

struct SlidingAverage {
  const float* x;
  float* y;
  AvgWindows windows;
  uint32_t H, W, P, Q;
  OCTET_HD void operator()(uint32_t i) const {
    const AvgWindow w = windows.of(i / Q % P, i % Q);
    const float* plane = x + static_cast<int64_t>(i / Q / P) * H * W;
    float sum = 0;
    for (int64_t h = w.h0; h < w.h1; ++h)
      for (int64_t col = w.w0; col < w.w1; ++col) sum += plane[h * W + col];
    y[i] = sum / static_cast<float>(w.divisor);
  }
};

/// dx of one pixel: its share of the gradient of each window that holds it.
struct SlidingAverageBackward {
  const float* dy;
  float* dx;
  AvgWindows windows;
  int kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w;
  uint32_t H, W, P, Q;
  OCTET_HD void operator()(uint32_t i) const {
    const int h = static_cast<int>(i / W % H), w = static_cast<int>(i % W);
    const float* plane = dy + static_cast<int64_t>(i / W / H) * P * Q;
    const int p0 = first(h + padding_h, kernel_h, stride_h), q0 = first(w + padding_w, kernel_w, stride_w);
    float sum = 0;
    for (int p = p0; p < static_cast<int>(P) && p * stride_h - padding_h <= h; ++p)
      for (int q = q0; q < static_cast<int>(Q) && q * stride_w - padding_w <= w; ++q)
        sum += plane[p * Q + q] / static_cast<float>(windows.of(p, q).divisor);
    dx[i] = sum;
  }

 private:
  OCTET_HD static int first(int at, int kernel, int stride) { return at < kernel ? 0 : (at - kernel) / stride + 1; }
};

struct Int8SlidingAverage {
  const uint8_t* x;
  uint8_t* y;
  AvgWindows windows;
  uint32_t H, W, P, Q, C;
  int8::AverageRule rule;
  int32_t divisor;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t c = i % C, pixel = i / C;
    const AvgWindow w = windows.of(pixel / Q % P, pixel % Q);
    const uint8_t* image = x + static_cast<int64_t>(pixel / Q / P) * H * W * C + c;
    int32_t sum = -static_cast<int32_t>((w.h1 - w.h0) * (w.w1 - w.w0)) * rule.qparams.zero_point;
    for (int64_t h = w.h0; h < w.h1; ++h)
      for (int64_t col = w.w0; col < w.w1; ++col) sum += image[(h * W + col) * C];
    y[i] = rule.code(sum, rule.factor(divisor ? divisor : static_cast<int32_t>(w.divisor)));
  }
};

struct Int8AvgPool {
  const uint8_t* x;
  uint8_t* y;
  Adaptive windows;
  uint32_t C;
  int8::AverageRule rule;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t c = i % C, pixel = i / C, P = static_cast<uint32_t>(windows.P), Q = static_cast<uint32_t>(windows.Q);
    const Window w = windows.of(static_cast<int>(pixel / Q % P), static_cast<int>(pixel % Q));
    const uint8_t* image = x + static_cast<int64_t>(pixel / Q / P) * windows.H * windows.W * C + c;
    const int32_t count = (w.h1 - w.h0) * (w.w1 - w.w0);
    int32_t sum = -count * rule.qparams.zero_point;
    for (int h = w.h0; h < w.h1; ++h)
      for (int col = w.w0; col < w.w1; ++col) sum += image[static_cast<int64_t>(h * windows.W + col) * C];
    y[i] = rule.code(sum, rule.factor(count));
  }
};

Adaptive adaptive(int64_t H, int64_t W, int64_t P, int64_t Q) {
  return {static_cast<int>(H), static_cast<int>(W), static_cast<int>(P), static_cast<int>(Q)};
}

uint32_t size32(const Tensor& t, int64_t d) { return static_cast<uint32_t>(t.size(d)); }

}  // namespace

void avg_pool2d(const Tensor& x, const AvgWindows& windows, Tensor& y) {
  map("avg_pool2d", y.numel(),
      SlidingAverage{x.cuda_data<float>(), y.cuda_data<float>(), windows, size32(x, 2), size32(x, 3), size32(y, 2),
                     size32(y, 3)});
}

void avg_pool2d_backward(const Tensor& dy, const AvgWindows& windows, const AvgPool2dOptions& o, Tensor& dx) {
  const auto small = [](int64_t n) { return static_cast<int>(n); };
  map("avg_pool2d_backward", dx.numel(),
      SlidingAverageBackward{dy.cuda_data<float>(), dx.cuda_data<float>(), windows, small(o.kernel.h), small(o.kernel.w),
                             small(o.stride.h), small(o.stride.w), small(o.padding.h), small(o.padding.w), size32(dx, 2),
                             size32(dx, 3), size32(dy, 2), size32(dy, 3)});
}

void int8_avg_pool2d(const Tensor& x, const AvgWindows& windows, const int8::AverageRule& rule, int32_t divisor, Tensor& y) {
  map("int8 avg_pool2d", y.numel(),
      Int8SlidingAverage{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), windows, size32(x, 1), size32(x, 2), size32(y, 1),
                         size32(y, 2), size32(y, 3), rule, divisor});
}

void adaptive_avg_pool2d(const Tensor& x, Tensor& y) {
  map("adaptive_avg_pool2d", y.numel(),
      AvgPool{x.cuda_data<float>(), y.cuda_data<float>(), adaptive(x.size(2), x.size(3), y.size(2), y.size(3))});
}

void max_pool2d(const Tensor& x, const std::optional<MaxPool2dOptions>& o, Tensor& y, Tensor& indices) {
  const auto run = [&](const auto& windows) {
    map("max_pool2d", y.numel(),
        MaxPool<std::decay_t<decltype(windows)>>{x.cuda_data<float>(), y.cuda_data<float>(),
                                                 indices.defined() ? indices.cuda_data<int32_t>() : nullptr, windows,
                                                 static_cast<uint32_t>(y.size(2)), static_cast<uint32_t>(y.size(3))});
  };
  if (o)
    run(Sliding(x.size(2), x.size(3), *o));
  else
    run(adaptive(x.size(2), x.size(3), y.size(2), y.size(3)));
}

void max_pool2d_backward(const Tensor& dy, const Tensor& indices, const std::optional<MaxPool2dOptions>& o, Tensor& dx) {
  const auto run = [&](const auto& windows) {
    map("max_pool2d_backward", dx.numel(),
        MaxPoolBackward<std::decay_t<decltype(windows)>>{dy.cuda_data<float>(), indices.cuda_data<int32_t>(),
                                                         dx.cuda_data<float>(), windows, static_cast<int>(dy.size(2)),
                                                         static_cast<int>(dy.size(3))});
  };
  if (o)
    run(Sliding(dx.size(2), dx.size(3), *o));
  else
    run(adaptive(dx.size(2), dx.size(3), dy.size(2), dy.size(3)));
}

void adaptive_avg_pool2d_backward(const Tensor& dy, Tensor& dx) {
  map("adaptive_avg_pool2d_backward", dx.numel(),
      AvgPoolBackward{dy.cuda_data<float>(), dx.cuda_data<float>(), adaptive(dx.size(2), dx.size(3), dy.size(2), dy.size(3))});
}

void int8_max_pool2d(const Tensor& x, const MaxPool2dOptions& o, Tensor& y) {
  const auto run = [&]<class Codes>(Codes) {
    constexpr int64_t kCodes = sizeof(Codes);
    map("int8 max_pool2d", y.numel() / kCodes,
        Int8MaxPool<Codes>{reinterpret_cast<const Codes*>(x.cuda_data<uint8_t>()),
                           reinterpret_cast<Codes*>(y.cuda_data<uint8_t>()), Sliding(x.size(1), x.size(2), o),
                           static_cast<uint32_t>(y.size(1)), static_cast<uint32_t>(y.size(2)),
                           static_cast<uint32_t>(y.size(3) / kCodes)});
  };
  if (y.size(3) % 4 == 0)
    run(uint32_t{});
  else
    run(uint8_t{});
}

void int8_adaptive_avg_pool2d(const Tensor& x, const int8::AverageRule& rule, Tensor& y) {
  map("int8 adaptive_avg_pool2d", y.numel(),
      Int8AvgPool{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), adaptive(x.size(1), x.size(2), y.size(1), y.size(2)),
                  static_cast<uint32_t>(y.size(3)), rule});
}

}  // namespace octet::ops::cuda
