#include "ops/int8/conv2d.h"

#include <omp.h>

#include <algorithm>

#include "ops/conv2d.h"
#include "ops/cpu/isa.h"

namespace octet::ops::int8 {
namespace {

/// [K, C, R, S] -> rows [K][R, S, C], the order in which a channels-last window lies in memory.
std::vector<int8_t> channels_last_rows(const int8_t* w, int64_t outputs, int64_t channels, Size2 kernel) {
  const int64_t window = kernel.h * kernel.w;
  std::vector<int8_t> rows(static_cast<size_t>(outputs * channels * window));
  for (int64_t k = 0; k < outputs; ++k)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < window; ++i)
        rows[static_cast<size_t>((k * window + i) * channels + c)] = w[(k * channels + c) * window + i];
  return rows;
}

/// Window geometry of one call, in channels-last terms.
struct Windows {
  Im2colShape shape;
  int64_t pixel;          // channels of the whole image: bytes from one position to the next
  int64_t first_channel;  // of the group
  int64_t depth;          // of a packed row, even
  int32_t zero_point;

  /// One im2col row: the window of output pixel (p, q) as code - zero_point, [R, S, C] and the padding to an even depth.
  void gather(const uint8_t* image, int64_t p, int64_t q, int16_t* row) const {
    const Im2colShape& s = shape;
    const int64_t left = q * s.stride.w - s.padding.w;  // columns of the window that lie inside: [begin, end)
    const int64_t begin = std::clamp<int64_t>(-left, 0, s.kernel.w), end = std::clamp<int64_t>(s.width - left, begin, s.kernel.w);
    for (int64_t r = 0; r < s.kernel.h; ++r, row += s.kernel.w * s.channels) {
      const int64_t h = p * s.stride.h - s.padding.h + r;
      if (h < 0 || h >= s.height) {
        std::fill_n(row, s.kernel.w * s.channels, int16_t{0});
        continue;
      }
      const uint8_t* codes = image + (h * s.width + left) * pixel + first_channel;
      std::fill_n(row, begin * s.channels, int16_t{0});
      if (pixel == s.channels)  // one group: the window's row is contiguous
        widen(codes + begin * pixel, (end - begin) * pixel, row + begin * s.channels);
      else
        for (int64_t i = begin; i < end; ++i) widen(codes + i * pixel, s.channels, row + i * s.channels);
      std::fill_n(row + end * s.channels, (s.kernel.w - end) * s.channels, int16_t{0});
    }
    if (depth > s.rows()) *row = 0;
  }

  void widen(const uint8_t* codes, int64_t n, int16_t* out) const {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<int16_t>(codes[i] - zero_point);
  }
};

/// Output pixels per tile, of `pixels`: their im2col rows stay in the second-level cache, and every thread gets as many.
int64_t tile_rows(int64_t depth, int64_t pixels) {
  constexpr int64_t kTileBytes = 192 * 1024;
  const int64_t largest = std::clamp<int64_t>(kTileBytes / (2 * depth) / 6 * 6, 6, 96), threads = omp_get_max_threads();
  const int64_t rounds = std::max<int64_t>(1, (pixels + threads * largest - 1) / (threads * largest));
  return std::max<int64_t>(1, (pixels + threads * rounds - 1) / (threads * rounds));
}

/// Tiles from which on Winograd's transformed weights, eight times the plain ones, are worth reading; and pixels of four tiles
/// from which on it is worth transforming them again each time. As measured on ResNet18 (bench/RESULTS.md).
constexpr int64_t kWorthwhileTiles = 12, kWorthwhilePixels = 40;

Conv2dParams checked(Conv2dParams p) {
  const Tensor& w = p.weight;
  OCTET_CHECK(w.dim() == 4 && w.numel() > 0 && w.dtype() == DType::qint8,
              "int8 conv2d: expected weight qint8 [K, C/G, R, S], got ", w.dtype(), " ", w.shape());
  check_qparams(p.input, DType::quint8, "int8 conv2d input");
  check_qparams(p.output, DType::quint8, "int8 conv2d output");
  const int64_t groups = p.options.groups;
  OCTET_CHECK(groups > 0 && w.size(0) % groups == 0, "int8 conv2d: ", w.size(0), " output channels in ", groups, " groups");
  cpu::check_depth(w.numel() / w.size(0));
  return p;
}

}  // namespace

Conv2d::Conv2d(Conv2dParams params)
    : params_(checked(std::move(params))),
      requantization_(params_.engine, params_.input, params_.weight_scale, params_.output, params_.bias, params_.relu,
                      params_.weight.size(0)),
      winograd_applies_(cpu::use(cpu::Isa::avx2) &&
                        WinogradConv2d::applies(params_.weight, params_.options, params_.input.zero_point, requantization_)) {}

const char* name_of(ConvAlgorithm algorithm) {
  switch (algorithm) {
    case ConvAlgorithm::im2col:
      return "im2col";
    case ConvAlgorithm::direct:
      return "direct";
    case ConvAlgorithm::winograd:
      return "winograd";
    case ConvAlgorithm::winograd_fused:
      return "winograd_fused";
  }
  return "";
}

bool Conv2d::has(ConvAlgorithm algorithm, const Shape& x) const {
  switch (algorithm) {
    case ConvAlgorithm::im2col:
      return true;
    case ConvAlgorithm::direct:
      return params_.options.groups == 1 && DirectConv2d::available();
    case ConvAlgorithm::winograd:
      return winograd_applies_;
    case ConvAlgorithm::winograd_fused:
      return winograd_applies_ && WinogradConv2d::takes_plain_weights() &&
             WinogradConv2d::tiles(x.at(0), shape_of(x)) <= WinogradConv2d::kMostTiles;
  }
  return false;
}

ConvChoice choice_here(const Shape& x, ConvAlgorithm algorithm) {
  return {cpu::name_of(cpu::active_isa()), omp_get_max_threads(), x.at(0), x.at(1), x.at(2), algorithm};
}

ConvAlgorithm Conv2d::algorithm(const Shape& x) const {
  if (!params_.choices.empty()) {
    const ConvChoice here = choice_here(x, ConvAlgorithm::direct);
    for (const ConvChoice& choice : params_.choices)
      if (choice.is_for(here) && has(choice.algorithm, x)) return choice.algorithm;
  }
  const Im2colShape shape = shape_of(x);
  const int64_t tiles = WinogradConv2d::tiles(x[0], shape);
  if (winograd_applies_ && tiles >= kWorthwhileTiles) return ConvAlgorithm::winograd;
  if (has(ConvAlgorithm::winograd_fused, x) && x[0] * shape.cols() >= kWorthwhilePixels * ((tiles + 3) / 4))
    return ConvAlgorithm::winograd_fused;
  return has(ConvAlgorithm::direct, x) ? ConvAlgorithm::direct : ConvAlgorithm::im2col;
}

Im2colShape Conv2d::shape_of(const Shape& x) const {
  OCTET_CHECK(x.size() == 4, "int8 conv2d: expected input quint8 [N, H, W, C], got ", x);
  return conv2d_shape({x[0], x[3], x[1], x[2]}, params_.weight.shape(), params_.options);
}

Tensor Conv2d::operator()(const Tensor& x, const Addition& addition, const Tensor& other) const {
  const Im2colShape s = shape_of(x.shape());
  const Shape y{x.size(0), s.out_height, s.out_width, params_.weight.size(0)};
  OCTET_CHECK(other.shape() == y && other.dtype() == DType::quint8, "int8 conv2d: cannot add ", other.dtype(), " ", other.shape(),
              " to an output ", y);
  check_same_device("int8 conv2d and its addend", {&x, &other});
  return run(x, {&addition, other.on_cuda() ? other.cuda_data<uint8_t>() : other.data<uint8_t>()});
}

Tensor Conv2d::run(const Tensor& x, const Addend& addend) const {
  OCTET_CHECK(x.dtype() == DType::quint8, "int8 conv2d: expected input quint8 [N, H, W, C], got ", x.dtype(), " ", x.shape());
  const Im2colShape shape = shape_of(x.shape());
  if (x.on_cuda()) return run_on_cuda(x, shape, addend);
  const Tensor& w = params_.weight;
  const int32_t zero_point = params_.input.zero_point;
  using Weights = WinogradConv2d::Weights;
  switch (algorithm(x.shape())) {
    case ConvAlgorithm::winograd:
      return winograd_.get([&] { return WinogradConv2d(Weights::transformed, w, zero_point, requantization_); })(x, shape,
                                                                                                                 addend);
    case ConvAlgorithm::winograd_fused:
      return winograd_fused_.get([&] { return WinogradConv2d(Weights::plain, w, zero_point, requantization_); })(x, shape,
                                                                                                                 addend);
    case ConvAlgorithm::direct:
      return direct_.get([&] { return DirectConv2d(w, zero_point, requantization_); })(x, shape, addend);
    case ConvAlgorithm::im2col:
      break;
  }
  return by_im2col(x, shape, addend);
}

Tensor Conv2d::run_on_cuda(const Tensor& x, const Im2colShape& s, const Addend& addend) const {
  const int64_t groups = params_.options.groups;
  Tensor y({x.size(0), s.out_height, s.out_width, params_.weight.size(0)}, DType::quint8, Device::cuda);
  on_cuda_.get([&] { return cuda::Int8Conv2d(params_.weight, groups, params_.input.zero_point, requantization_); })(x, s, addend,
                                                                                                                    y);
  return y;
}

std::vector<cpu::PackedWeights> Conv2d::pack_groups() const {
  const Tensor& w = params_.weight;
  const int64_t groups = params_.options.groups, outputs = w.size(0) / groups, depth = w.numel() / w.size(0);
  std::vector<cpu::PackedWeights> packed;
  for (int64_t g = 0; g < groups; ++g) {
    const auto rows = channels_last_rows(w.data<int8_t>() + g * outputs * depth, outputs, w.size(1), {w.size(2), w.size(3)});
    packed.emplace_back(rows.data(), outputs, depth);
  }
  return packed;
}

Tensor Conv2d::by_im2col(const Tensor& x, const Im2colShape& shape, const Addend& addend) const {
  const std::vector<cpu::PackedWeights>& packed = packed_.get([&] { return pack_groups(); });
  const int64_t N = x.size(0), K = params_.weight.size(0), groups = params_.options.groups, pixels = shape.cols();
  Tensor y({N, shape.out_height, shape.out_width, K}, DType::quint8);
  const uint8_t* px = x.data<uint8_t>();
  uint8_t* py = y.data<uint8_t>();
  const int64_t image_bytes = x.numel() / N, total = N * pixels, tile = tile_rows(packed[0].depth, total);
#pragma omp parallel
  {
    std::vector<int16_t> rows(static_cast<size_t>(tile * packed[0].depth));
    std::vector<int32_t> acc(static_cast<size_t>(tile * packed[0].padded_outputs()));
#pragma omp for schedule(dynamic)
    for (int64_t first = 0; first < total; first += tile) {
      const int64_t count = std::min(tile, total - first);
      for (int64_t g = 0; g < groups; ++g) {
        const cpu::PackedWeights& w = packed[static_cast<size_t>(g)];
        const Windows windows{shape, x.size(3), g * shape.channels, w.depth, params_.input.zero_point};
        for (int64_t i = 0; i < count; ++i) {
          const int64_t n = (first + i) / pixels, pixel = (first + i) % pixels;
          windows.gather(px + n * image_bytes, pixel / shape.out_width, pixel % shape.out_width, rows.data() + i * w.depth);
        }
        cpu::qgemm(rows.data(), count, w, acc.data());
        for (int64_t i = 0; i < count; ++i) {
          const int64_t at = (first + i) * K + g * w.outputs;
          requantize(acc.data() + i * w.padded_outputs(), requantization_, g * w.outputs, w.outputs, py + at);
          addend.add_to(py, at, {1, w.outputs, 0});
        }
      }
    }
  }
  return y;
}

}  // namespace octet::ops::int8
