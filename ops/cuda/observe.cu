#include "ops/cuda/observe.h"

#include <algorithm>
#include <cmath>

#include "ops/cuda/launch.h"

namespace octet::ops::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = 1024;  // each goes through its share of the values

OCTET_HD inline MinMaxNan merged(MinMaxNan a, MinMaxNan b) {
  return {b.min < a.min ? b.min : a.min, b.max > a.max ? b.max : a.max, a.has_nan || b.has_nan};
}

/// partial[slice][block] = min, max and NaN of that block's share of the slice.
struct MinMax {
  static constexpr int kThreads = cuda::kThreads;
  struct Shared {
    MinMaxNan seen[kThreads];
  };
  const float* x;
  int64_t n;       // of a slice
  int64_t blocks;  // for each
  MinMaxNan* partial;

  OCTET_DEVICE void operator()(Block& block, Shared& shared) const {
    const float* slice = x + block.y() * n;
    block.each_thread([&](int t) {
      MinMaxNan mine{INFINITY, -INFINITY, false};
      for (int64_t i = static_cast<int64_t>(block.x()) * kThreads + t; i < n; i += blocks * kThreads)
        mine = merged(mine, {slice[i], slice[i], slice[i] != slice[i]});
      shared.seen[t] = mine;
    });
    block.barrier();
    for (int half = kThreads / 2; half > 0; half /= 2) {
      block.each_thread([&](int t) {
        if (t < half) shared.seen[t] = merged(shared.seen[t], shared.seen[t + half]);
      });
      block.barrier();
    }
    block.each_thread([&](int t) {
      if (t == 0) partial[block.y() * blocks + block.x()] = shared.seen[0];
    });
  }
};

/// counts[b] += this block's values in bin b, counted in shared memory first.
struct CountBins {
  static constexpr int kThreads = cuda::kThreads;
  static constexpr int kBins = 2048;
  struct Shared {
    uint32_t counts[kBins + 1];
  };
  const float* x;
  int64_t n;
  int64_t step;
  BinRule rule;
  uint64_t* counts;

  OCTET_DEVICE void operator()(Block& block, Shared& shared) const {
    block.each_thread([&](int t) {
      for (int b = t; b <= kBins; b += kThreads) shared.counts[b] = 0;
    });
    block.barrier();
    block.each_thread([&](int t) {
      for (int64_t i = static_cast<int64_t>(block.x()) * kThreads + t; i < n; i += step)
        atomic_add(&shared.counts[bin_of(x[i], rule)], uint32_t{1});
    });
    block.barrier();
    block.each_thread([&](int t) {
      for (int b = t; b < kBins; b += kThreads)
        if (shared.counts[b] != 0) atomic_add(&counts[b], uint64_t{shared.counts[b]});
    });
  }
};

int64_t blocks_for(int64_t n) { return std::clamp<int64_t>((n + kThreads * 16 - 1) / (kThreads * 16), 1, kMostBlocks); }

}  // namespace

std::vector<MinMaxNan> min_max(const float* x, int64_t slices, int64_t n) {
  const int64_t blocks = blocks_for(n);
  Tensor partial({slices * blocks * static_cast<int64_t>(sizeof(MinMaxNan))}, DType::u8, Device::cuda);
  launch("min_max", {blocks, slices}, MinMax{x, n, blocks, reinterpret_cast<MinMaxNan*>(partial.cuda_bytes())});
  const Tensor host = partial.to(Device::cpu);
  const auto* seen = reinterpret_cast<const MinMaxNan*>(host.bytes());
  std::vector<MinMaxNan> all(static_cast<size_t>(slices), {INFINITY, -INFINITY, false});
  for (int64_t i = 0; i < slices * blocks; ++i) {
    MinMaxNan& slice = all[static_cast<size_t>(i / blocks)];
    slice = merged(slice, seen[i]);
  }
  return all;
}

void add_counts(const float* x, int64_t n, const BinRule& rule, std::vector<int64_t>& counts) {
  OCTET_CHECK(rule.bins == CountBins::kBins, "histogram: ", rule.bins, " bins, and the device's kernel has ", CountBins::kBins);
  if (n == 0) return;
  const int64_t blocks = blocks_for(n);
  Tensor sums = Tensor::zeros({rule.bins}, DType::i64, Device::cuda);
  launch("count_bins", {blocks},
         CountBins{x, n, kThreads * blocks, rule, reinterpret_cast<uint64_t*>(sums.cuda_data<int64_t>())});
  const Tensor host = sums.to(Device::cpu);
  for (size_t b = 0; b < counts.size(); ++b) counts[b] += host.data<int64_t>()[b];
}

}  // namespace octet::ops::cuda
