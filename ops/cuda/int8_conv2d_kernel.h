// The int8 convolution's matrix product (int8_conv2d.h) as one kernel: windows of the image and weights go to shared memory some
// steps ahead, from there by ldmatrix to the tensor cores; sums become codes, codes are added to where a residual comes in, and
// are stored sixteen at a time. (The lesson is kernels.md.)
#pragma once

#include <type_traits>

#include "ops/cuda/int8_tiling.h"
#include "ops/cuda/int8_windows.h"
#include "ops/cuda/launch.h"
#include "ops/engines/addition.h"
#include "ops/engines/requantize.h"

namespace octet::ops::cuda {

/// From a sum to a code of output channel k (ops/engines/requantize.h), and to the sum with a code that is there already.
struct Int8Epilogue {
  const int32_t* offset;
  const float *bias, *multiplier;  // [K] each
  float bias_factor;
  int8::Epilogue kind;
  int8::RealScales scales;
  int32_t zero_point;
  int8::CodeRange range;
  int8::QAdd rule;
  const uint8_t* addend;  // [M, K], or null
  OCTET_HD int8::ChannelConstants channel(int k) const { return {offset[k], bias[k], bias_factor, multiplier[k]}; }
  OCTET_HD uint8_t code(int32_t acc, const int8::ChannelConstants& c) const {
    return kind == int8::Epilogue::real ? int8::requantize_real(acc, c, scales, zero_point, range)
                                        : int8::requantize_value(acc, c, zero_point, range);
  }
};

/// kPiece: bytes that are copied at a time, to which every run of a window is aligned; 16 or 4.
template <class T, int kPiece>
struct Int8ConvKernel {
  static constexpr int kThreads = T::kThreads;
  static constexpr int kChunk = 16, kChunks = T::kDepth / kChunk;
  static constexpr int kRowChunks = T::kRows * kChunks / kThreads, kColChunks = T::kCols * kChunks / kThreads;  // per thread
  static_assert(kRowChunks * kThreads == T::kRows * kChunks && kColChunks * kThreads == T::kCols * kChunks);

  struct alignas(kChunk) Chunk {
    uint32_t words[kChunk / 4];
  };
  struct Stage {
    Chunk x[T::kRows][kChunks], weight[T::kCols][kChunks];  // chunk c of a row lies in place(row, c)
  };
  struct Nothing {};
  using SlicesSums = int32_t[T::kSlices][T::kRows][T::kCols];
  struct Outputs {
    std::conditional_t<(T::kSlices > 1), SlicesSums, Nothing> sums;
    alignas(kChunk) uint8_t y[T::kRows][T::kCols + kChunk];  // codes; rows are longer than needed to begin in different banks
  };
  union Shared {
    Stage stages[T::kStages];
    Outputs out;  // when there are no more steps
  };
  struct Sums {
    int32_t c[T::kRowTiles][T::kColTiles][4];
  };
  struct Fragments {
    uint32_t a[T::kRowTiles][4], b[T::kColTiles * 2];
  };
  /// Where a thread reads: its chunks lie in one column of chunks, a fixed number of rows apart.
  struct Reader {
    Window windows[kRowChunks];
    Depth at;
    int k;  // of weight
  };

  Windows x;
  const int8_t* weight;  // [padded K, depth]
  int outputs, depth, steps;
  Int8Epilogue epilogue;
  uint8_t* y;  // [M, K]

  // (Divisions of unsigned numbers, which are shifts.)
  static constexpr int kRowsApart = kThreads / kChunks;
  OCTET_HD static int column(int t) { return static_cast<int>(static_cast<uint32_t>(t) % kChunks); }
  OCTET_HD static int row(int t, int i) { return static_cast<int>(static_cast<uint32_t>(t) / kChunks) + i * kRowsApart; }

  /// Eight rows that are read together meet 32 different banks: as many rows as 128 bytes hold take the same turn.
  OCTET_HD static int place(int row, int chunk) {
    constexpr uint32_t kRowsOfALine = kChunks < 8 ? 8 / kChunks : 1, kTurns = kChunks < 8 ? kChunks : 8;
    return chunk ^ static_cast<int>(static_cast<uint32_t>(row) / kRowsOfALine % kTurns);
  }
  static_assert(kRowsApart % 8 == 0);  // so that a thread's chunks have one place in their rows

  /// This thread's part of the next step.
  OCTET_DEVICE void copy(Block& block, int t, int first_output, Stage& stage, Reader& reader) const {
    const int chunk = place(row(t, 0), column(t));
#pragma unroll
    for (int i = 0; i < kRowChunks; ++i) {
      const uint8_t* from = sixteen_bytes(x, reader.windows[i], reader.at);
      uint32_t* to = stage.x[row(t, i)][chunk].words;
#pragma unroll
      for (int piece = 0; piece < kChunk; piece += kPiece) block.copy_async<kPiece>(t, to + piece / 4, from + piece);
    }
#pragma unroll
    for (int i = 0; i < kColChunks; ++i) {
      const int8_t* from = weight + ((first_output + row(t, i)) * depth + reader.k);
      block.copy_async<kChunk>(t, stage.weight[row(t, i)][chunk].words, from, reader.k < depth);
    }
    reader.at.advance(T::kDepth, x);
    reader.k += T::kDepth;
  }

  /// Which outputs of the block, and which of a step's products, are a warp's.
  struct Share {
    int lane, slice, first_row, first_col;
  };
  OCTET_HD static Share share_of(int t) {
    constexpr uint32_t kWarps = T::kRowWarps * T::kColWarps;
    const uint32_t thread = static_cast<uint32_t>(t);
    const int lane = static_cast<int>(thread % kWarp), slice = static_cast<int>(thread / kWarp / kWarps);
    const int warp = static_cast<int>(thread / kWarp % kWarps);
    return {lane, slice, warp / T::kColWarps * (T::kRowTiles * kMmaRows), warp % T::kColWarps * (T::kColTiles * kMmaCols)};
  }

  /// The first chunks that a thread points to when its warp loads matrices: row * kChunks + place. Those of later products of the
  /// step lie where a few bits are flipped, because place() flips bits too; those of further rows and columns a constant away.
  struct Chunks {
    int a, b;
  };
  OCTET_HD static Chunks first_chunks(int t) {
    const Share share = share_of(t);
    const int row = share.first_row + matrix_a_row(share.lane), col = share.first_col + matrix_b_col(share.lane);
    const int first = share.slice * kMmaChunks;
    return {row * kChunks + place(row, first + matrix_a_k(share.lane) / kChunk),
            col * kChunks + place(col, first + matrix_b_k(share.lane) / kChunk)};
  }
  static constexpr int kMmaChunks = kMmaDepth / kChunk;

  OCTET_DEVICE void multiply(Block& block, const Stage& stage, Block::PerThread<Chunks>& chunks,
                             Block::PerThread<Fragments>& fragments, Block::PerThread<Sums>& sums) const {
#pragma unroll
    for (int i = 0; i < T::kDepth / kMmaDepth / T::kSlices; ++i) {
      const int flip = i * T::kSlices * kMmaChunks;
#pragma unroll
      for (int m = 0; m < T::kRowTiles; ++m)
        block.load_matrices([&](int t) {
          return MatrixRow{&stage.x[0][0] + ((chunks[t].a ^ flip) + m * kMmaRows * kChunks), fragments[t].a[m]};
        });
#pragma unroll
      for (int n = 0; n < T::kColTiles; n += 2)
        block.load_matrices([&](int t) {
          return MatrixRow{&stage.weight[0][0] + ((chunks[t].b ^ flip) + n * kMmaCols * kChunks), &fragments[t].b[2 * n]};
        });
#pragma unroll
      for (int m = 0; m < T::kRowTiles; ++m)
#pragma unroll
        for (int n = 0; n < T::kColTiles; ++n)
          block.mma([&](int t) { return MmaOperands{fragments[t].a[m], &fragments[t].b[2 * n], sums[t].c[m][n]}; });
    }
  }

  OCTET_DEVICE void operator()(Block& block, Shared& shared) const {
    const int first_row = block.x() * T::kRows, first_output = block.y() * T::kCols;
    Block::PerThread<Sums> sums;
    Block::PerThread<Reader> readers;
    Block::PerThread<Chunks> chunks;
    Block::PerThread<Fragments> fragments;
    block.each_thread([&](int t) {
      sums[t] = {};
      chunks[t] = first_chunks(t);
      keep(chunks[t].a), keep(chunks[t].b);
      Reader& reader = readers[t];
#pragma unroll
      for (int i = 0; i < kRowChunks; ++i) reader.windows[i] = window_of(x, first_row + row(t, i));
      reader.at = {};
      reader.at.advance(column(t) * kChunk, x);
      reader.k = column(t) * kChunk;
    });
    int step_to_copy = 0, stage_to_copy = 0;
    const auto start_copies = [&] {
      block.each_thread([&](int t) {
        if (step_to_copy < steps) copy(block, t, first_output, shared.stages[stage_to_copy], readers[t]);
      });
      block.commit_copies();
      ++step_to_copy;
      stage_to_copy = stage_to_copy + 1 == T::kStages ? 0 : stage_to_copy + 1;
    };
    for (int i = 0; i < T::kStages - 1; ++i) start_copies();
    for (int step = 0, stage = 0; step < steps; ++step, stage = stage + 1 == T::kStages ? 0 : stage + 1) {
      block.wait_copies<T::kStages - 2>();
      block.barrier();  // everyone's copies of this step are there, and nobody multiplies the step before any more,
      start_copies();   // whose place these take
      multiply(block, shared.stages[stage], chunks, fragments, sums);
    }
    block.barrier();
    block.each_thread([&](int t) { sums_to_codes(t, first_output, sums[t], shared.out); });
    block.barrier();
    if constexpr (T::kSlices > 1) {
      block.each_thread([&](int t) { add_slices(t, first_output, shared.out); });
      block.barrier();
    }
    block.each_thread([&](int t) { store(t, first_row, first_output, shared.out); });
  }

  /// A thread's sums to shared memory: as codes, if they are whole.
  OCTET_HD void sums_to_codes(int t, int first_output, const Sums& sums, Outputs& out) const {
    const Share share = share_of(t);
#pragma unroll
    for (int n = 0; n < T::kColTiles; ++n)
#pragma unroll
      for (int j = 0; j < 2; ++j) {  // a thread's columns: registers j and j + 2 of each product
        const int col = share.first_col + n * kMmaCols + mma_c_col(share.lane, j);
        int8::ChannelConstants channel{};
        if (T::kSlices == 1 && first_output + col < outputs) channel = epilogue.channel(first_output + col);
#pragma unroll
        for (int m = 0; m < T::kRowTiles; ++m)
#pragma unroll
          for (int i = j; i < 4; i += 2) {
            const int row = share.first_row + m * kMmaRows + mma_c_row(share.lane, i);
            if constexpr (T::kSlices > 1)
              out.sums[share.slice][row][col] = sums.c[m][n][i];
            else
              out.y[row][col] = epilogue.code(sums.c[m][n][i], channel);
          }
      }
  }

  OCTET_HD void add_slices(int t, int first_output, Outputs& out) const {
    for (int i = t; i < T::kRows * T::kCols; i += kThreads) {
      const int row = i / T::kCols, col = i % T::kCols;
      if (first_output + col >= outputs) continue;
      int32_t sum = 0;
#pragma unroll
      for (int slice = 0; slice < T::kSlices; ++slice) sum += out.sums[slice][row][col];
      out.y[row][col] = epilogue.code(sum, epilogue.channel(first_output + col));
    }
  }

  /// Codes from shared memory to y, sixteen at a time where they lie so.
  OCTET_HD void store(int t, int first_row, int first_output, const Outputs& out) const {
    constexpr int kRowsChunks = T::kCols / kChunk;
    for (int i = t; i < T::kRows * kRowsChunks; i += kThreads) {
      const int row = i / kRowsChunks, col = i % kRowsChunks * kChunk, left = outputs - first_output - col;
      if (first_row + row >= x.rows || left <= 0) continue;
      const int64_t at = static_cast<int64_t>(first_row + row) * outputs + first_output + col;
      if (outputs % kChunk == 0) {
        Chunk chunk = *reinterpret_cast<const Chunk*>(&out.y[row][col]);
        if (epilogue.addend != nullptr) add(chunk, *reinterpret_cast<const Chunk*>(epilogue.addend + at));
        *reinterpret_cast<Chunk*>(y + at) = chunk;
      } else {
        for (int j = 0; j < kChunk && j < left; ++j)
          y[at + j] =
              epilogue.addend != nullptr ? epilogue.rule(out.y[row][col + j], epilogue.addend[at + j]) : out.y[row][col + j];
      }
    }
  }

  OCTET_HD void add(Chunk& chunk, const Chunk& other) const {
#pragma unroll
    for (int i = 0; i < kChunk / 4; ++i) {
      uint32_t sums = 0;
#pragma unroll
      for (int bit = 0; bit < 32; bit += 8)
        sums |= uint32_t{epilogue.rule(static_cast<uint8_t>(chunk.words[i] >> bit), static_cast<uint8_t>(other.words[i] >> bit))}
                << bit;
      chunk.words[i] = sums;
    }
  }
};

}  // namespace octet::ops::cuda
