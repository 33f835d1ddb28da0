#include "ops/cuda/int8_conv2d.h"

#include <algorithm>
#include <vector>

#include "ops/cuda/divisor.h"
#include "ops/cuda/int8_conv2d_kernel.h"
#include "tensor/cuda/caching_allocator.h"
#include "tensor/cuda/runtime.h"

namespace octet::ops::cuda {
namespace {

constexpr int64_t kChunk = 16;                           // bytes that threads copy at a time, if an image is made so
constexpr int64_t kMostCols = LargestInt8Tiling::kCols;  // rows of weights that a block reads

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
int narrow(int64_t n) { return static_cast<int>(n); }

/// Bytes of a pixel of an image whose padding is made beforehand (int8_windows.h).
int64_t padded_pixel(int64_t channels, bool taps_lie_apart) {
  return channels <= 4 && !taps_lie_apart ? 4 : round_up(channels, kChunk);
}

/// One output of a convolution in groups.
struct GroupedConv {
  const uint8_t* x;  // [N, H, W, C]
  Im2colShape shape;
  int channels, group_outputs;  // C, K / G
  int32_t zero_point;
  const int8_t* weight;   // [K, R, S, C / G]
  Divisor outputs, P, Q;  // K, and of shape
  Int8Epilogue epilogue;
  uint8_t* y;

  OCTET_HD void operator()(uint32_t i) const {
    const int group_channels = static_cast<int>(shape.channels), H = static_cast<int>(shape.height),
              W = static_cast<int>(shape.width), R = static_cast<int>(shape.kernel.h), S = static_cast<int>(shape.kernel.w);
    const uint32_t pixel = i / outputs;
    const int k = static_cast<int>(i % outputs), q = static_cast<int>(pixel % Q), p = static_cast<int>(pixel / Q % P),
              n = static_cast<int>(pixel / Q / P);
    const int first_h = p * static_cast<int>(shape.stride.h) - static_cast<int>(shape.padding.h),
              first_w = q * static_cast<int>(shape.stride.w) - static_cast<int>(shape.padding.w);
    const uint8_t* image = x + static_cast<int64_t>(n) * H * W * channels + k / group_outputs * group_channels;
    const int8_t* w = weight + static_cast<int64_t>(k) * R * S * group_channels;
    int32_t acc = 0;
    for (int r = 0; r < R; ++r)
      for (int s = 0; s < S; ++s, w += group_channels) {
        const int h = first_h + r * static_cast<int>(shape.dilation.h), v = first_w + s * static_cast<int>(shape.dilation.w);
        const bool inside = h >= 0 && h < H && v >= 0 && v < W;
        for (int c = 0; c < group_channels; ++c) acc += (inside ? image[(h * W + v) * channels + c] : zero_point) * w[c];
      }
    const uint8_t code = epilogue.code(acc, epilogue.channel(k));
    y[i] = epilogue.addend != nullptr ? epilogue.rule(code, epilogue.addend[i]) : code;
  }
};

template <int kPiece>
void multiply(size_t tiling, const Windows& x, const int8_t* weight, int64_t outputs, int64_t depth, const Int8Epilogue& epilogue,
              uint8_t* y) {
  visit_int8_tiling(tiling, [&]<class T>() {
    const Grid grid{(x.rows + T::kRows - 1) / T::kRows, (outputs + T::kCols - 1) / T::kCols};
    launch("int8 conv2d", grid,
           Int8ConvKernel<T, kPiece>{x, weight, narrow(outputs), narrow(depth), narrow((depth + T::kDepth - 1) / T::kDepth),
                                     epilogue, y});
  });
}

}  // namespace

Int8Conv2d::Int8Conv2d(const Tensor& weight, const Conv2dOptions& options, int32_t zero_point, const int8::Requantization& r)
    : outputs_(weight.size(0)),
      groups_(options.groups),
      taps_lie_apart_(options.dilation.w > 1),
      input_zero_point_(zero_point),
      output_zero_point_(r.zero_point),
      bias_factor_(r.bias_factor),
      epilogue_(r.epilogue),
      scales_(r.scales),
      range_(r.range) {
  const octet::cuda::UseAllocator common(nullptr);  // weights outlive the Replay that may run them first
  const int64_t channels = weight.size(1), R = weight.size(2), S = weight.size(3);
  const int64_t pixel = groups_ > 1 || channels % kChunk == 0 ? channels : padded_pixel(channels, taps_lie_apart_);
  const int64_t kernel_row = groups_ > 1 ? S * pixel : round_up(S * pixel, kChunk);
  depth_ = R * kernel_row;
  Tensor rows = Tensor::zeros({round_up(outputs_, kMostCols), depth_}, DType::i8);
  Tensor offset({outputs_}, DType::i32);
  for (int64_t k = 0; k < outputs_; ++k) {
    int64_t sum = 0;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < R * S; ++i) {
        const int8_t w = weight.data<int8_t>()[(k * channels + c) * R * S + i];
        rows.data<int8_t>()[k * depth_ + i / S * kernel_row + i % S * pixel + c] = w;
        sum += w;
      }
    // in 32 bits, where the kernel's sum wraps and comes back
    offset.data<int32_t>()[k] =
        static_cast<int32_t>(static_cast<uint32_t>(r.bias_i32[static_cast<size_t>(k)]) - static_cast<uint32_t>(zero_point * sum));
  }
  Tensor outside({kChunk}, DType::u8);
  std::fill_n(outside.data<uint8_t>(), kChunk, static_cast<uint8_t>(zero_point));
  rows_ = rows.to(Device::cuda);
  offset_ = offset.to(Device::cuda);
  outside_ = outside.to(Device::cuda);
  bias_ = Tensor::from(r.bias_f32, {outputs_}).to(Device::cuda);
  multiplier_ = Tensor::from(r.multiplier, {outputs_}).to(Device::cuda);
}

size_t Int8Conv2d::tiling(int64_t rows) const {
  return fastest_int8_tiling(rows, outputs_, depth_, octet::cuda::device().multiprocessors);
}

Tensor Int8Conv2d::padded(const Tensor& x, const Im2colShape& s) const {
  const int64_t C = x.size(3), pixel = padded_pixel(C, taps_lie_apart_), run = round_up(s.kernel.w * pixel, kChunk);
  const int64_t H = s.height + 2 * s.padding.h;
  const int64_t W = std::max(s.width + 2 * s.padding.w, (s.out_width - 1) * s.stride.w + round_up(run, pixel) / pixel);
  Tensor y({x.size(0), H, W, pixel}, DType::quint8, Device::cuda);
  check_elements("int8 conv2d", y.numel());
  map("pad image", y.numel() / 4,
      PaddedImage{x.cuda_data<uint8_t>(), narrow(s.height), narrow(s.width), narrow(C),
                  reinterpret_cast<uint32_t*>(y.cuda_data<uint8_t>()), narrow(H), narrow(W), narrow(pixel), narrow(s.padding.h),
                  narrow(s.padding.w), static_cast<uint8_t>(input_zero_point_)});
  return y;
}

void Int8Conv2d::operator()(const Tensor& x, const Im2colShape& s, const int8::CodesToAdd& addend, Tensor& y,
                            std::optional<size_t> forced) const {
  const int64_t rows = x.size(0) * s.cols();
  check_elements("int8 conv2d", std::max(x.numel(), y.numel()));
  if (y.numel() == 0) return;
  const Int8Epilogue epilogue{offset_.cuda_data<int32_t>(),
                              bias_.cuda_data<float>(),
                              multiplier_.cuda_data<float>(),
                              bias_factor_,
                              epilogue_,
                              scales_,
                              output_zero_point_,
                              range_,
                              addend.rule ? *addend.rule : int8::QAdd{},
                              addend.rule ? addend.codes : nullptr};
  const int8_t* weight = rows_.cuda_data<int8_t>();
  uint8_t* to = y.cuda_data<uint8_t>();
  if (groups_ > 1) {
    map("int8 conv2d in groups", y.numel(),
        GroupedConv{x.cuda_data<uint8_t>(), s, narrow(x.size(3)), narrow(outputs_ / groups_), input_zero_point_, weight,
                    static_cast<uint32_t>(outputs_), static_cast<uint32_t>(s.out_height), static_cast<uint32_t>(s.out_width),
                    epilogue, to});
    return;
  }
  const size_t best = forced ? *forced : tiling(rows);
  const bool as_it_is = x.size(3) % kChunk == 0;
  const Tensor image = as_it_is ? x : padded(x, s);
  const int64_t S = as_it_is || taps_lie_apart_ ? s.kernel.w : 1;  // runs of a kernel row (int8_windows.h)
  const Windows windows{.x = image.cuda_data<uint8_t>(),
                        .outside = outside_.cuda_data<uint8_t>(),
                        .rows = narrow(rows),
                        .H = narrow(image.size(1)),
                        .W = narrow(image.size(2)),
                        .pixel = narrow(image.size(3)),
                        .R = narrow(s.kernel.h),
                        .S = narrow(S),
                        .run = narrow(depth_ / (s.kernel.h * S)),
                        .P = narrow(s.out_height),
                        .Q = narrow(s.out_width),
                        .stride_h = narrow(s.stride.h),
                        .stride_w = narrow(s.stride.w),
                        .padding_h = as_it_is ? narrow(s.padding.h) : 0,
                        .padding_w = as_it_is ? narrow(s.padding.w) : 0,
                        .dilation_h = narrow(s.dilation.h),
                        .dilation_w = narrow(s.dilation.w)};
  if (windows.pixel % kChunk == 0)
    multiply<16>(best, windows, weight, outputs_, depth_, epilogue, to);
  else
    multiply<4>(best, windows, weight, outputs_, depth_, epilogue, to);
}

}  // namespace octet::ops::cuda
