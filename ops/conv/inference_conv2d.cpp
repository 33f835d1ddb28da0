#include "ops/conv/inference_conv2d.h"

#include <omp.h>

#include <algorithm>
#include <limits>

#include "ops/conv/conv2d.h"
#include "ops/conv/dilation.h"
#include "ops/conv/winograd.h"
#include "ops/conv/winograd_grid.h"
#include "ops/conv/winograd_tiles.h"
#include "ops/cpu/isa.h"
#include "ops/cpu/winograd_tile.h"
#include "ops/support/integers.h"
#include "ops/support/shared_work.h"

namespace octet::ops {
namespace {

/// Output pixels that a thread does in one go: enough to be worth the weights' way from the cache, few enough that two threads
/// share a small image.
constexpr int64_t kBlock = 16 * cpu::FTile::kRows;

/// Weights of one output that are used for a whole block of pixels before the next: those of a strip of 64 stay in the
/// second-level cache. The same for all kernels, because it decides in which order numbers are added.
constexpr int64_t kWeightsAtOnce = (512 << 10) / sizeof(float) / 64;

/// Outputs' height and width from which on a tile of 4x4 needs fewer products than the plain sums. How many images or threads there
/// are must not matter, nor the instruction set: the two ways round differently.
constexpr int64_t kWorthwhileSize = 3;

/// Up to so many tiles Winograd reads the plain weights, which are a quarter of the transformed ones, and transforms them as it goes
/// (bench/RESULTS.md). The bits are the same.
constexpr int64_t kFewTiles = 8;
constexpr int64_t kMostPlainTiles = 24;  // a block of WinogradJob
constexpr int64_t kTile = 4;             // output pixels each way

/// Bytes of padded images that are there at a time: they stay in the cache until their windows are read, and take little memory.
constexpr int64_t kPaddedAtOnce = int64_t{8} << 20;

int64_t strips_of(int64_t outputs) { return ceil_div(outputs, cpu::kernels().fconv->strip); }

/// [K, C, R, S] -> [strips, R, S*C, strip], 0 for outputs that are not there.
Tensor pack_direct(const Tensor& weight) {
  const int64_t K = weight.size(0), C = weight.size(1), R = weight.size(2), S = weight.size(3);
  const int64_t strip = cpu::kernels().fconv->strip;
  Tensor packed = Tensor::zeros({strips_of(K), R, S * C, strip});
  const float* from = weight.data<float>();
  float* to = packed.data<float>();
#pragma omp parallel for
  for (int64_t k = 0; k < K; ++k)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t r = 0; r < R; ++r)
        for (int64_t s = 0; s < S; ++s)
          to[((k / strip * R + r) * S * C + s * C + c) * strip + k % strip] = from[((k * C + c) * R + r) * S + s];
  return packed;
}

/// U = G g G^T: [K, C, 3, 3] -> [strips, places, C, strip].
Tensor pack_winograd(const Tensor& weight) {
  constexpr int64_t kWindow = cpu::WeightTransform::kOut, kPlaces = kWindow * kWindow;
  const int64_t K = weight.size(0), C = weight.size(1), strip = cpu::kernels().fconv->strip;
  Tensor packed = Tensor::zeros({strips_of(K), kPlaces, C, strip});
  const float* from = weight.data<float>();
  float* to = packed.data<float>();
#pragma omp parallel for
  for (int64_t k = 0; k < K; ++k)
    for (int64_t c = 0; c < C; ++c) {
      const float* g = from + (k * C + c) * 9;
      float tile[36];  // rows of six, as transform_2d has them
      for (int e = 0; e < 9; ++e) tile[e / 3 * 6 + e % 3] = g[e];
      cpu::transform_2d<cpu::WeightTransform>(tile);
      for (int64_t place = 0; place < kPlaces; ++place)
        to[((k / strip * kPlaces + place) * C + c) * strip + k % strip] = tile[place / kWindow * 6 + place % kWindow];
    }
  return packed;
}

/// [K, C, 3, 3] -> [strips, strip / lanes, C, 3, 3, lanes].
Tensor pack_plain(const Tensor& weight) {
  const int64_t K = weight.size(0), C = weight.size(1), lanes = cpu::kernels().fconv->winograd_plain.lanes;
  Tensor packed = Tensor::zeros({strips_of(K), cpu::kernels().fconv->strip / lanes, C, 9, lanes});
  const float* from = weight.data<float>();
  float* to = packed.data<float>();
#pragma omp parallel for
  for (int64_t k = 0; k < K; ++k)
    for (int64_t i = 0; i < C * 9; ++i) to[(k / lanes * C * 9 + i) * lanes + k % lanes] = from[k * C * 9 + i];
  return packed;
}

/// The products of a block's tiles with one strip of plain weights.
struct PlainMultiply {
  const Tensor& weights;  // pack_plain's
  int64_t C;

  void operator()(const WinogradGrid& grid, int64_t strip, const float* v, int64_t place_stride, float* m,
                  int64_t m_stride) const {
    const cpu::WinogradPlain& kernel = cpu::kernels().fconv->winograd_plain;
    const int64_t width = cpu::kernels().fconv->strip, panel_size = C * 9 * kernel.lanes;
    const WinogradGrid::Range last_row = grid.needing(true, false);
    const float* panel = weights.data<float>() + strip * width * C * 9;
    for (int64_t k = 0; k < width; k += kernel.lanes, panel += panel_size)
      for (int64_t t = 0; t < grid.tiles(); t += kernel.kTiles)
        kernel.multiply(last_row.begin < t + kernel.kTiles && last_row.end > t ? 6 : 5, v + t * C, place_stride, C, panel,
                        panel + panel_size, m + t * width + k, m_stride, width);
  }
};

}  // namespace

bool InferenceConv2d::available(const Conv2dOptions& options) {
  return options.groups == 1 && cpu::active_isa().worthwhile.float_channels_last;
}

InferenceConv2d::InferenceConv2d(const Tensor& weight, const Tensor& bias, const Conv2dOptions& options, bool relu,
                                 FloatSums sums)
    : weight_(weight), options_(options), sums_(sums), low_(relu ? 0.0f : -std::numeric_limits<float>::infinity()) {
  OCTET_CHECK(weight.dim() == 4 && options.groups == 1, "inference conv2d: expected weight [K, C, R, S] of one group, got ",
              weight.shape(), " of ", options.groups);
  OCTET_CHECK(weight.size(1) > 0 && weight.size(2) > 0 && weight.size(3) > 0, "inference conv2d: weight ", weight.shape(),
              ", expected a channel and a tap at least");
  OCTET_CHECK(!bias.defined() || bias.shape() == Shape{weight_.size(0)}, "inference conv2d: bias ", bias.shape(), " for weight ",
              weight_.shape());
  if (options.dilation != Size2(1)) {
    const Conv2dOptions of_phases = options_of_phases(options, {weight.size(2), weight.size(3)});
    of_phases_ = std::make_shared<const InferenceConv2d>(weight, bias, of_phases, false, sums);
    return;
  }
  bias_ = Tensor::zeros({strips_of(weight_.size(0)) * cpu::kernels().fconv->strip});
  if (bias.defined()) std::copy_n(bias.data<float>(), bias.numel(), bias_.data<float>());
}

Im2colShape InferenceConv2d::shape_of(const Shape& x) const {
  OCTET_CHECK(x.size() == 4, "inference conv2d: expected input [N, H, W, C], got ", x);
  return conv2d_shape({x[0], x[3], x[1], x[2]}, weight_.shape(), options_);
}

bool InferenceConv2d::has(Algorithm algorithm, const Shape& x) const {
  if (of_phases_) return of_phases_->has(algorithm, largest_phases(x, shape_of(x)));
  if (algorithm == Algorithm::direct) return true;
  if (!winograd_applies(weight_.shape(), options_)) return false;
  return algorithm == Algorithm::winograd || x[0] * winograd_tiles(shape_of(x), kTile) <= kMostPlainTiles;
}

InferenceConv2d::Algorithm InferenceConv2d::algorithm(const Shape& x) const {
  if (of_phases_) return of_phases_->algorithm(largest_phases(x, shape_of(x)));
  if (sums_ == FloatSums::direct || !winograd_applies(weight_.shape(), options_)) return Algorithm::direct;
  const Im2colShape s = shape_of(x);
  if (std::min(s.out_height, s.out_width) < kWorthwhileSize) return Algorithm::direct;
  return x[0] * winograd_tiles(s, kTile) <= kFewTiles ? Algorithm::winograd_plain : Algorithm::winograd;
}

const char* InferenceConv2d::name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::direct:
      return "direct";
    case Algorithm::winograd:
      return "winograd";
    case Algorithm::winograd_plain:
      return "winograd_plain";
  }
  return "";
}

Tensor InferenceConv2d::operator()(const Tensor& x, const Tensor& added) const {
  shape_of(x.shape());
  return run(algorithm(x.shape()), x, added);
}

Tensor InferenceConv2d::run(Algorithm algorithm, const Tensor& x, const Tensor& added) const {
  check_dtype("inference conv2d", DType::f32, {&x});
  const Im2colShape s = shape_of(x.shape());
  OCTET_CHECK(has(algorithm, x.shape()), "inference conv2d: no ", name_of(algorithm), " for weight ", weight_.shape(),
              " and input ", x.shape(), ": it needs 3x3 of stride and padding 1, and few tiles where weights are plain");
  Tensor y({x.size(0), s.out_height, s.out_width, weight_.size(0)});
  OCTET_CHECK(!added.defined() || added.shape() == y.shape(), "inference conv2d: cannot add ", added.shape(), " to an output ",
              y.shape());
  if (of_phases_) return run_in_phases(algorithm, x, s, added, y), y;
  const float* added_data = added.defined() ? added.data<float>() : nullptr;
  if (algorithm != Algorithm::direct)
    run_winograd(algorithm, x, s, added_data, y.data<float>());
  else
    run_directly(x, PaddedImages<float>::Layout::channels_last, s, added_data, y.data<float>());
  return y;
}

void InferenceConv2d::run_in_phases(Algorithm algorithm, const Tensor& x, const Im2colShape& s, const Tensor& added,
                                    Tensor& y) const {
  convolve_in_phases(x, s, 0, y, [&](const Tensor& images) { return of_phases_->run(algorithm, images, {}); });
  float* py = y.data<float>();
  const float* more = added.defined() ? added.data<float>() : nullptr;
#pragma omp parallel for
  for (int64_t i = 0; i < y.numel(); ++i) {
    const float sum = more ? py[i] + more[i] : py[i];
    py[i] = sum < low_ ? low_ : sum;
  }
}

Tensor InferenceConv2d::from_planes(const Tensor& x) const {
  OCTET_CHECK(x.dim() == 4, "inference conv2d: expected input [N, C, H, W], got ", x.shape());
  check_dtype("inference conv2d", DType::f32, {&x});
  const Im2colShape s = shape_of({x.size(0), x.size(2), x.size(3), x.size(1)});
  if (of_phases_) return (*this)(to_channels_last(x));
  Tensor y({x.size(0), s.out_height, s.out_width, weight_.size(0)});
  run_directly(x, PaddedImages<float>::Layout::planes, s, nullptr, y.data<float>());
  return y;
}

void InferenceConv2d::run_directly(const Tensor& x, PaddedImages<float>::Layout layout, const Im2colShape& s, const float* added,
                                   float* y) const {
  const int64_t height = s.height + 2 * s.padding.h, width = s.width + 2 * s.padding.w, N = x.size(0);
  const int64_t image = height * width * s.channels * static_cast<int64_t>(sizeof(float)), result = s.cols() * weight_.size(0);
  const int64_t at_once = std::max<int64_t>(kPaddedAtOnce / std::max<int64_t>(image, 1), omp_get_max_threads());
  for (int64_t n = 0; n < N; n += at_once) {
    const Tensor part = x.slice(n, std::min(N, n + at_once));
    run_padded({part, s.padding, height, width, 0.0f, layout}, part.size(0), s, added ? added + n * result : nullptr,
               y + n * result);
  }
}

void InferenceConv2d::run_padded(const PaddedImages<float>& images, int64_t N, const Im2colShape& s, const float* added,
                                 float* y) const {
  const int64_t K = weight_.size(0), pixels = s.cols(), strip_width = cpu::kernels().fconv->strip;
  const int64_t R = s.kernel.h, run = s.kernel.w * s.channels, strips = strips_of(K), blocks = ceil_div(pixels, kBlock);
  const int64_t rows_at_once = std::clamp<int64_t>(kWeightsAtOnce / run, 1, R);
  const float* weights = direct_weights_.get([&] { return pack_direct(weight_); }).data<float>();
  SharedWork work(strips * N * blocks);
#pragma omp parallel
  {
    images.fill();
    work.run([&](int64_t i) {
      const int64_t strip = i / (N * blocks), n = i / blocks % N, b = i % blocks;
      for (int64_t r = 0; r < R; r += rows_at_once) {  // later rows are added to what y already holds
        const int64_t end = std::min(pixels, (b + 1) * kBlock), k = strip * strip_width, row_end = std::min(R, r + rows_at_once);
        for (int64_t pixel = b * kBlock; pixel < end; pixel += cpu::FTile::kRows) {
          cpu::FTile tile;
          tile.count = static_cast<int>(std::min<int64_t>(cpu::FTile::kRows, end - pixel));
          images.windows(s, n, pixel, tile.count, tile.rows);
          for (int m = 0; m < tile.count; ++m) tile.rows[m] += r * images.row_stride();
          tile.runs = row_end - r;
          tile.run_stride = images.row_stride();
          tile.run = run;
          tile.weights = weights + (strip * R + r) * run * strip_width;
          tile.ahead = nullptr;
          tile.outputs = std::min(strip_width, K - k);
          const int64_t at = (n * pixels + pixel) * K + k;
          tile.bias = r == 0 ? bias_.data<float>() + k : nullptr;
          tile.added = r > 0 ? y + at : added ? added + at : nullptr;
          tile.low = row_end == R ? low_ : -std::numeric_limits<float>::infinity();
          tile.y = y + at;
          tile.y_stride = K;
          cpu::kernels().fconv->tile(tile);
        }
      }
    });
  }
}

void InferenceConv2d::run_winograd(Algorithm algorithm, const Tensor& x, const Im2colShape& s, const float* added,
                                   float* y) const {
  const bool plain = algorithm == Algorithm::winograd_plain;
  const Tensor& u = plain ? plain_weights_.get([&] { return pack_plain(weight_); })
                          : winograd_weights_.get([&] { return pack_winograd(weight_); });
  const int64_t K = weight_.size(0);
  const cpu::WinogradFloats output{bias_.data<float>(), added, low_, K, s.out_width * K, y};
  const WinogradJob job(cpu::kernels().fconv->winograd, x.data<float>(), x.size(0), s, 0.0f, u, output, K,
                        [](int64_t, int64_t, int64_t) {});
  if (plain)
    job.run_one_block(PlainMultiply{u, s.channels});
  else
    job.run();
}

}  // namespace octet::ops
