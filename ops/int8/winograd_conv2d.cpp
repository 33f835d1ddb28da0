#include "ops/int8/winograd_conv2d.h"

#include <algorithm>

#include "ops/conv/winograd_grid.h"
#include "ops/conv/winograd_tiles.h"
#include "ops/cpu/isa.h"
#include "ops/support/integers.h"

namespace octet::ops::int8 {

using namespace cpu;

bool WinogradConv2d::applies(const Tensor& w, const Conv2dOptions& o, int32_t input_zero_point, const Requantization& r) {
  return o.groups == 1 && o.stride == Size2(1) && o.dilation == Size2(1) && w.size(2) == 3 && w.size(3) == 3 &&
         w.size(1) % 2 == 0 && winograd_is_exact(w, input_zero_point, r.bias_i32);
}

int64_t WinogradConv2d::tiles(int64_t images, const Im2colShape& shape) { return images * winograd_tiles(shape, kWinogradTile); }

bool WinogradConv2d::plain_weights_worthwhile() { return active_isa().worthwhile.winograd_fused; }

WinogradConv2d::WinogradConv2d(Weights form, const Tensor& weight, int32_t input_zero_point, const Requantization& r)
    : form_(form),
      outputs_(weight.size(0)),
      input_zero_point_(input_zero_point),
      weights_(form == Weights::plain ? winograd_fused_weights(weight, kernels().winograd_int16->strip)
                                      : winograd_weights(weight, kernels().winograd_int16->strip)),
      requantization_(r.padded(round_up(outputs_, kernels().winograd_int16->strip))) {}

namespace {

/// Products of plain weights, for WinogradJob::run_one_block: four tiles and sixteen outputs at a time.
struct FusedMultiply {
  const Tensor& weights;
  int64_t channels, strip_width;

  void operator()(const WinogradGrid& grid, int64_t strip, const int16_t* v, int64_t place_stride, int32_t* m,
                  int64_t m_stride) const {
    constexpr int kTiles = WinogradFused::kTiles;
    const int64_t panels = strip_width / kWinogradPanel, panel_bytes = weights.numel() / weights.size(0);
    for (int64_t n = 0; n < panels; ++n) {
      const int8_t* panel = weights.data<int8_t>() + (strip * panels + n) * panel_bytes;
      for (int64_t t = 0; t < grid.tiles(); t += kTiles)
        for (int row = 0; row < kWinogradWindow; ++row) {
          const bool last = row == kWinogradWindow - 1;
          const auto here = [&](int64_t tile) { return static_cast<int>(std::clamp<int64_t>(tile - t, 0, kTiles)); };
          const WinogradGrid::Range all = grid.needing(last, false), of_last = grid.needing(last, true);
          const WinogradFused::Needed needed{here(all.begin), here(all.end), here(of_last.begin), here(of_last.end)};
          if (needed.begin == needed.end) continue;
          kernels().winograd_fused->multiply_row(row, needed, v + row * kWinogradWindow * place_stride + t * channels,
                                                 place_stride, channels, panel, t == 0 ? panel + panel_bytes : nullptr,
                                                 m + row * kWinogradWindow * m_stride + t * strip_width + n * kWinogradPanel,
                                                 m_stride, strip_width);
        }
    }
  }
};

}  // namespace

Tensor WinogradConv2d::operator()(const Tensor& x, const Im2colShape& s, const FollowUp& follow_up) const {
  const int64_t N = x.size(0), K = outputs_;
  Tensor y({N, s.out_height, s.out_width, K}, DType::quint8);
  const Requantization& r = requantization_;
  const WinogradCodes codes{.epilogue = r.epilogue,
                            .bias_i32 = r.bias_i32.data(),
                            .bias_f32 = r.bias_f32.data(),
                            .bias_factor = r.bias_factor,
                            .multiplier = r.multiplier.data(),
                            .scales = r.scales,
                            .zero_point = r.zero_point,
                            .qmin = r.range.qmin,
                            .outputs = K,
                            .row_stride = s.out_width * K,
                            .y = y.data<uint8_t>()};
  const WinogradJob job(*kernels().winograd_int16, x.data<uint8_t>(), N, s, static_cast<uint8_t>(input_zero_point_), weights_,
                        codes, K, [&](int64_t first, int64_t pixels, int64_t channels) {
                          follow_up.apply_to(codes.y, first, {pixels, channels, K});
                        });
  static_assert(job.kRoom % WinogradFused::kTiles == 0 && kMostTiles <= job.kTileBlock);
  if (form_ == Weights::plain)
    job.run_one_block(FusedMultiply{weights_, s.channels, kernels().winograd_int16->strip});
  else
    job.run();
  return y;
}

}  // namespace octet::ops::int8
