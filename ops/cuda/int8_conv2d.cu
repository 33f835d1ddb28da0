// The roofline, for an H100 (990 T multiply-adds of bytes and 3.3 T bytes of memory a second: 300 for each byte):
//   memory           windows overlap in the cache and the weights stay in it, so each activation is read and written about once:
//                    288 multiply-adds for each byte in layer1 of ResNet18, 576, 1152 and 2304 in layers 2 to 4. Enough.
//   shared memory    a step of 32 x 32 x 32 of a warp reads 2 * 32 * 32 bytes for its 32,768 multiply-adds, 16 for each byte. A
//                    multiprocessor reads 128 bytes a cycle and could multiply 4,270: this is the limit, at half of the peak.
//                    Larger tiles of a warp would raise it, and need more registers for the sums.
//   few rows         one image has 3,136 rows in layer1 and 49 in layer4: tiles of 32 x 32 make 196 and 32 blocks for 132
//                    multiprocessors, and a block of layer4 goes through 72 steps by itself. There latency is what counts.
#include "ops/cuda/int8_conv2d.h"

#include <algorithm>
#include <vector>

#include "ops/cuda/launch.h"
#include "tensor/cuda/runtime.h"

namespace octet::ops::cuda {
namespace {

/// Sixteen bytes, which a thread moves at a time.
struct alignas(16) Chunk {
  uint32_t words[4];
};

constexpr int kDepth = 64;  // bytes of a row that are in shared memory at a time
constexpr int kChunk = 16;  // bytes of a Chunk
constexpr int kChunks = kDepth / kChunk;
constexpr int kRowStride = kDepth + 16;  // of a row in shared memory: eight rows, four words each, meet 32 different banks

/// The windows of images [N, H, W, C] as rows of a matrix [N*P*Q, R*S*C].
struct Windows {
  const uint8_t* x;
  int rows;  // M = N * P * Q
  int H, W, C, R, S, P, Q, stride_h, stride_w, padding_h, padding_w;
  int32_t zero_point;
};

/// Where a row's window begins; row -1 stands for one beyond the last, which lies outside of every image.
struct Window {
  int64_t image;  // of x: where its image begins
  int h, w;       // of kernel position (0, 0)
};
OCTET_HD inline Window window_of(const Windows& x, int row) {
  if (row >= x.rows) return {0, -(1 << 24), 0};
  const int q = row % x.Q, p = row / x.Q % x.P, n = row / x.Q / x.P;
  return {static_cast<int64_t>(n) * x.H * x.W * x.C, p * x.stride_h - x.padding_h, q * x.stride_w - x.padding_w};
}

/// A place in a row: kernel position (r, s) and channel c.
struct Depth {
  int r, s, c;
  OCTET_HD void advance(int bytes, const Windows& x) {
    c += bytes;
    while (c >= x.C) {
      c -= x.C;
      if (++s == x.S) s = 0, ++r;
    }
  }
};

OCTET_HD inline bool is_inside(const Windows& x, const Window& window, const Depth& at) {
  const int h = window.h + at.r, w = window.w + at.s;
  return at.r < x.R && h >= 0 && h < x.H && w >= 0 && w < x.W;
}
OCTET_HD inline const uint8_t* address(const Windows& x, const Window& window, const Depth& at) {
  return x.x + window.image + static_cast<int64_t>((window.h + at.r) * x.W + window.w + at.s) * x.C + at.c;
}

/// Sixteen bytes of a row. kWhole: C is a multiple of 16, so that they are neighbours in the image.
template <bool kWhole>
OCTET_HD inline Chunk read_window(const Windows& x, const Window& window, Depth at) {
  const auto padding = static_cast<uint32_t>(x.zero_point) * 0x01010101u;
  if constexpr (kWhole) {
    if (!is_inside(x, window, at)) return {{padding, padding, padding, padding}};
    return *reinterpret_cast<const Chunk*>(address(x, window, at));
  } else {
    Chunk chunk{};
    for (int i = 0; i < kChunk; ++i, at.advance(1, x)) {
      const uint32_t code = is_inside(x, window, at) ? *address(x, window, at) : static_cast<uint32_t>(x.zero_point);
      chunk.words[i / 4] |= code << (8 * (i % 4));
    }
    return chunk;
  }
}

/// Per output channel: ops/int8/requantize.h.
struct Epilogue {
  const int32_t* offset;
  const float* bias;
  const float* multiplier;
  int32_t zero_point;
  int8::CodeRange range;
  OCTET_HD uint8_t code(int32_t acc, int k) const {
    return int8::requantize_value(acc, offset[k], bias[k], multiplier[k], zero_point, range);
  }
};

/// A block's outputs: kRowWarps x kColWarps warps of (16 * kRowTiles) x (8 * kColTiles) each.
template <int kRowWarps_, int kColWarps_, int kRowTiles_, int kColTiles_>
struct Tiling {
  static constexpr int kRowWarps = kRowWarps_, kColWarps = kColWarps_, kRowTiles = kRowTiles_, kColTiles = kColTiles_;
  static constexpr int kThreads = kRowWarps * kColWarps * kWarp;
  static constexpr int kRows = kRowWarps * kRowTiles * kMmaRows, kCols = kColWarps * kColTiles * kMmaCols;
  static constexpr int kRowChunks = kRows * kChunks / kThreads, kColChunks = kCols * kChunks / kThreads;  // per thread
  static_assert(kRowChunks * kThreads == kRows * kChunks && kColChunks * kThreads == kCols * kChunks);
};
using Large = Tiling<4, 2, 2, 4>;  // 128 x 64 outputs by 256 threads
using Small = Tiling<2, 2, 1, 2>;  // 32 x 32 by 128: for few rows, so that all multiprocessors have some

template <class Tiles, bool kWhole>
struct ConvKernel {
  static constexpr int kThreads = Tiles::kThreads;
  struct Inputs {
    alignas(16) uint8_t x[Tiles::kRows][kRowStride];
    alignas(16) uint8_t weight[Tiles::kCols][kRowStride];
  };
  union Shared {
    Inputs in;                                               // of one k-step
    alignas(16) uint8_t y[Tiles::kRows][Tiles::kCols + 16];  // codes, when there are no more
  };
  /// What a thread has read of the next k-step, and where it goes on reading.
  struct Ahead {
    Window windows[Tiles::kRowChunks];
    Depth at;
    Chunk x[Tiles::kRowChunks], weight[Tiles::kColChunks];
  };
  struct Sums {
    int32_t c[Tiles::kRowTiles][Tiles::kColTiles][4];
  };
  struct Fragments {
    uint32_t a[Tiles::kRowTiles][4], b[Tiles::kColTiles][2];
  };

  Windows x;
  const int8_t* weight;  // [padded K, depth]
  int outputs, depth;
  Epilogue epilogue;
  uint8_t* y;  // [M, K]

  // A thread's chunks lie in the same column of chunks, a fixed number of rows apart.
  OCTET_HD static int column(int t) { return t % kChunks * kChunk; }
  OCTET_HD static int row(int t, int i) { return t / kChunks + i * (kThreads / kChunks); }

  OCTET_HD void read(int t, int first_output, int k, Ahead& ahead) const {
#pragma unroll
    for (int i = 0; i < Tiles::kRowChunks; ++i) ahead.x[i] = read_window<kWhole>(x, ahead.windows[i], ahead.at);
    ahead.at.advance(kDepth, x);
#pragma unroll
    for (int i = 0; i < Tiles::kColChunks; ++i)
      ahead.weight[i] =
          *reinterpret_cast<const Chunk*>(weight + static_cast<int64_t>(first_output + row(t, i)) * depth + k + column(t));
  }

  OCTET_HD static void load_fragments(const Shared& shared, int t, int k, Fragments& f) {
    const int lane = t % kWarp, warp = t / kWarp;
    const int first_row = warp / Tiles::kColWarps * (Tiles::kRowTiles * kMmaRows);
    const int first_col = warp % Tiles::kColWarps * (Tiles::kColTiles * kMmaCols);
#pragma unroll
    for (int m = 0; m < Tiles::kRowTiles; ++m)
#pragma unroll
      for (int i = 0; i < 4; ++i)
        f.a[m][i] =
            *reinterpret_cast<const uint32_t*>(&shared.in.x[first_row + m * kMmaRows + mma_a_row(lane, i)][k + mma_a_k(lane, i)]);
#pragma unroll
    for (int n = 0; n < Tiles::kColTiles; ++n)
#pragma unroll
      for (int i = 0; i < 2; ++i)
        f.b[n][i] = *reinterpret_cast<const uint32_t*>(
            &shared.in.weight[first_col + n * kMmaCols + mma_b_col(lane)][k + mma_b_k(lane, i)]);
  }

  OCTET_DEVICE void operator()(Block& block, Shared& shared) const {
    const int first_row = block.x() * Tiles::kRows, first_output = block.y() * Tiles::kCols;
    Block::PerThread<Sums> sums;
    Block::PerThread<Ahead> ahead;
    Block::PerThread<Fragments> fragments;
    block.each_thread([&](int t) {
      sums[t] = {};
      ahead[t].at = {0, 0, 0};
      ahead[t].at.advance(column(t), x);
#pragma unroll
      for (int i = 0; i < Tiles::kRowChunks; ++i) ahead[t].windows[i] = window_of(x, first_row + row(t, i));
      read(t, first_output, 0, ahead[t]);
    });
    for (int k = 0; k < depth; k += kDepth) {
      block.barrier();  // nobody needs the step before any more
      block.each_thread([&](int t) {
#pragma unroll
        for (int i = 0; i < Tiles::kRowChunks; ++i) *reinterpret_cast<Chunk*>(&shared.in.x[row(t, i)][column(t)]) = ahead[t].x[i];
#pragma unroll
        for (int i = 0; i < Tiles::kColChunks; ++i)
          *reinterpret_cast<Chunk*>(&shared.in.weight[row(t, i)][column(t)]) = ahead[t].weight[i];
      });
      block.barrier();
      block.each_thread([&](int t) {
        if (k + kDepth < depth) read(t, first_output, k + kDepth, ahead[t]);  // arrives while this step is multiplied
      });
#pragma unroll
      for (int half = 0; half < kDepth; half += kMmaDepth) {
        block.each_thread([&](int t) { load_fragments(shared, t, half, fragments[t]); });
#pragma unroll
        for (int m = 0; m < Tiles::kRowTiles; ++m)
#pragma unroll
          for (int n = 0; n < Tiles::kColTiles; ++n)
            block.mma([&](int t) { return MmaOperands{fragments[t].a[m], fragments[t].b[n], sums[t].c[m][n]}; });
      }
    }
    block.barrier();
    block.each_thread([&](int t) { requantize(t, first_output, sums[t], shared); });
    block.barrier();
    block.each_thread([&](int t) { store(t, first_row, first_output, shared); });
  }

  /// A thread's sums to codes in shared memory.
  OCTET_HD void requantize(int t, int first_output, const Sums& sums, Shared& shared) const {
    const int lane = t % kWarp, warp = t / kWarp;
#pragma unroll
    for (int m = 0; m < Tiles::kRowTiles; ++m)
#pragma unroll
      for (int n = 0; n < Tiles::kColTiles; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row = (warp / Tiles::kColWarps * Tiles::kRowTiles + m) * kMmaRows + mma_c_row(lane, i);
          const int col = (warp % Tiles::kColWarps * Tiles::kColTiles + n) * kMmaCols + mma_c_col(lane, i);
          if (first_output + col < outputs) shared.y[row][col] = epilogue.code(sums.c[m][n][i], first_output + col);
        }
  }

  /// Codes from shared memory to y, sixteen at a time where they lie so.
  OCTET_HD void store(int t, int first_row, int first_output, const Shared& shared) const {
    constexpr int kRowsChunks = Tiles::kCols / kChunk;
    for (int i = t; i < Tiles::kRows * kRowsChunks; i += kThreads) {
      const int row = i / kRowsChunks, col = i % kRowsChunks * kChunk, left = outputs - first_output - col;
      if (first_row + row >= x.rows || left <= 0) continue;
      uint8_t* to = y + static_cast<int64_t>(first_row + row) * outputs + first_output + col;
      if (outputs % kChunk == 0)
        *reinterpret_cast<Chunk*>(to) = *reinterpret_cast<const Chunk*>(&shared.y[row][col]);
      else
        for (int j = 0; j < kChunk && j < left; ++j) to[j] = shared.y[row][col + j];
    }
  }
};

/// One output of a convolution in groups.
struct GroupedConv {
  Windows x;  // C: of the whole image
  int group_channels, group_outputs;
  const int8_t* weight;  // [K, depth]
  int outputs, depth;
  Epilogue epilogue;
  uint8_t* y;
  OCTET_HD void operator()(uint32_t i) const {
    const int k = static_cast<int>(i % static_cast<uint32_t>(outputs)),
              row = static_cast<int>(i / static_cast<uint32_t>(outputs));
    const Window window = window_of(x, row);
    const int8_t* w = weight + static_cast<int64_t>(k) * depth;
    int32_t acc = 0;
    for (int r = 0; r < x.R; ++r)
      for (int s = 0; s < x.S; ++s, w += group_channels) {
        const Depth at{r, s, k / group_outputs * group_channels};
        const bool inside = is_inside(x, window, at);
        for (int c = 0; c < group_channels; ++c) acc += (inside ? address(x, window, at)[c] : x.zero_point) * w[c];
      }
    y[i] = epilogue.code(acc, k);
  }
};

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

template <class Tiles>
void multiply(const Windows& x, const int8_t* weight, int64_t outputs, int64_t depth, const Epilogue& epilogue, uint8_t* y) {
  const Grid grid{(x.rows + Tiles::kRows - 1) / Tiles::kRows, (outputs + Tiles::kCols - 1) / Tiles::kCols};
  const auto run = [&]<bool kWhole>() {
    launch("int8 conv2d", grid,
           ConvKernel<Tiles, kWhole>{x, weight, static_cast<int>(outputs), static_cast<int>(depth), epilogue, y});
  };
  if (x.C % kChunk == 0)
    run.template operator()<true>();
  else
    run.template operator()<false>();
}

}  // namespace

Int8Conv2d::Int8Conv2d(const Tensor& weight, int64_t groups, int32_t zero_point, const int8::Requantization& r)
    : outputs_(weight.size(0)),
      groups_(groups),
      input_zero_point_(zero_point),
      output_zero_point_(r.zero_point),
      range_(r.range) {
  const int64_t channels = weight.size(1), window = weight.size(2) * weight.size(3), row = channels * window;
  depth_ = groups == 1 ? round_up(row, kDepth) : row;
  Tensor rows = Tensor::zeros({round_up(outputs_, Large::kCols), depth_}, DType::i8);
  Tensor offset({outputs_}, DType::i32);
  for (int64_t k = 0; k < outputs_; ++k) {
    int64_t sum = 0;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < window; ++i) {
        const int8_t w = weight.data<int8_t>()[(k * channels + c) * window + i];
        rows.data<int8_t>()[k * depth_ + i * channels + c] = w;
        sum += w;
      }
    // in 32 bits, where the kernel's sum wraps and comes back
    offset.data<int32_t>()[k] =
        static_cast<int32_t>(static_cast<uint32_t>(r.bias_i32[static_cast<size_t>(k)]) - static_cast<uint32_t>(zero_point * sum));
  }
  rows_ = rows.to(Device::cuda);
  offset_ = offset.to(Device::cuda);
  bias_ = Tensor::from(r.bias_f32, {outputs_}).to(Device::cuda);
  multiplier_ = Tensor::from(r.multiplier, {outputs_}).to(Device::cuda);
}

void Int8Conv2d::operator()(const Tensor& x, const Im2colShape& s, Tensor& y) const {
  const int64_t rows = x.size(0) * s.cols();
  check_elements("int8 conv2d", std::max({rows, y.numel(), s.height * s.width * x.size(3)}));
  if (y.numel() == 0) return;
  const auto narrow = [](int64_t n) { return static_cast<int>(n); };
  const Windows windows{x.cuda_data<uint8_t>(), narrow(rows),       narrow(s.height),   narrow(s.width),
                        narrow(x.size(3)),      narrow(s.kernel.h), narrow(s.kernel.w), narrow(s.out_height),
                        narrow(s.out_width),    narrow(s.stride.h), narrow(s.stride.w), narrow(s.padding.h),
                        narrow(s.padding.w),    input_zero_point_};
  const Epilogue epilogue{offset_.cuda_data<int32_t>(), bias_.cuda_data<float>(), multiplier_.cuda_data<float>(),
                          output_zero_point_, range_};
  const int8_t* weight = rows_.cuda_data<int8_t>();
  uint8_t* to = y.cuda_data<uint8_t>();
  if (groups_ > 1) {
    map("int8 conv2d in groups", y.numel(),
        GroupedConv{windows, narrow(s.channels), narrow(outputs_ / groups_), weight, narrow(outputs_), narrow(depth_), epilogue,
                    to});
    return;
  }
  const int64_t large_blocks = round_up(rows, Large::kRows) / Large::kRows * (round_up(outputs_, Large::kCols) / Large::kCols);
  if (large_blocks >= 2 * octet::cuda::device().multiprocessors)
    multiply<Large>(windows, weight, outputs_, depth_, epilogue, to);
  else
    multiply<Small>(windows, weight, outputs_, depth_, epilogue, to);
}

}  // namespace octet::ops::cuda
