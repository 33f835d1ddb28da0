#include "quant/observers/histogram.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "ops/cpu/isa.h"
#include "ops/cuda/observe.h"
#include "ops/support/failure.h"
#include "tensor/error.h"

namespace octet::quant {
namespace {

/// torch.histc counts in float32, where 2^24 + 1 is 2^24: a bin stops growing there. PyTorch counts each thread's half of the
/// input on its own, so the limit holds per half. We take the two halves that two threads make, whatever our own thread count.
/// (ATen/native/cpu/HistogramKernel.cpp, histogramdd_cpu_contiguous.)
constexpr int64_t kHistcParts = 2;
constexpr int64_t kHistcCounterLimit = int64_t{1} << 24;

/// Bins of up to kBlock values at a time: the arithmetic is a vector kernel's, the counting follows in four tables, so that a run
/// of equal values (relu makes many zeros) does not wait for its own increments.
void count(const float* x, int64_t n, const ops::BinRule& rule, Counts& counts) {
  constexpr int64_t kBlock = 1024;
  constexpr int kTables = 4;
  std::vector<uint32_t> tables(kTables * (kBins + 1), 0);  // the last entry of each collects what is outside
  int32_t bin[kBlock];
  const auto find_bins = ops::cpu::kernels().observe->find_bins;
  const auto flush = [&] {
    for (int t = 0; t < kTables; ++t)
      for (int64_t b = 0; b < kBins; ++b) counts[static_cast<size_t>(b)] += tables[static_cast<size_t>(t * (kBins + 1) + b)];
    std::fill(tables.begin(), tables.end(), 0u);
  };
  int64_t since_flush = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t m = std::min(kBlock, n - begin);
    find_bins(x + begin, m, rule, bin);
    for (int64_t i = 0; i < m; ++i) ++tables[static_cast<size_t>((i % kTables) * (kBins + 1) + bin[i])];
    if ((since_flush += m) >= (int64_t{1} << 30)) flush(), since_flush = 0;
  }
  flush();
}

}  // namespace

void add_counts(const float* x, int64_t n, float lo, float hi, Counts& counts, Device device) {
  OCTET_CHECK(std::isfinite(lo) && std::isfinite(hi) && std::isfinite(hi - lo), "histogram: range [", lo, ", ", hi,
              "] is not finite");
  if (lo == hi) lo -= 1.0f, hi += 1.0f;
  const ops::BinRule rule = {lo, hi, hi - lo, static_cast<int32_t>(kBins)};
  counts.resize(kBins);
  if (device == Device::cuda) return ops::cuda::add_counts(x, n, rule, counts);
  ops::Failure failure;
#pragma omp parallel if (n > 65536)
  failure.keep([&] {
    Counts mine(kBins);
    const int64_t threads = omp_get_num_threads(), t = omp_get_thread_num(), share = (n + threads - 1) / threads;
    const int64_t first = std::min(n, t * share);
    count(x + first, std::min(n, first + share) - first, rule, mine);
#pragma omp critical(octet_histogram)
    for (size_t b = 0; b < kBins; ++b) counts[b] += mine[b];
  });
  failure.rethrow();
}

Histogram histc(const float* x, int64_t n, float lo, float hi, Device device) {
  Histogram histogram(kBins, 0.0f);
  const int64_t part_size = (n + kHistcParts - 1) / kHistcParts;
  for (int64_t part = 0; part < kHistcParts; ++part) {
    const int64_t begin = std::min(n, part * part_size), end = std::min(n, begin + part_size);
    Counts counts(kBins);
    add_counts(x + begin, end - begin, lo, hi, counts, device);
    for (size_t b = 0; b < kBins; ++b) histogram[b] += static_cast<float>(std::min(counts[b], kHistcCounterLimit));
  }
  return histogram;
}

float linspace_at(float a, float b, int64_t n, int64_t i) {
  const float step = (b - a) / static_cast<float>(n - 1);
  return i < n / 2 ? std::fma(step, static_cast<float>(i), a) : std::fma(-step, static_cast<float>(n - 1 - i), b);
}

Histogram upscale(const Histogram& histogram, float lo, float hi, float new_lo, float new_hi) {
  OCTET_CHECK(std::ssize(histogram) == kBins, "upscale: a histogram of ", histogram.size(), " bins, expected ", kBins);
  constexpr int64_t kUpsample = 16;
  constexpr int64_t kFine = kBins * kUpsample;
  std::vector<float> boundaries(kBins + 1);
  for (int64_t b = 0; b <= kBins; ++b) boundaries[static_cast<size_t>(b)] = linspace_at(new_lo, new_hi, kBins + 1, b);
  const float half_width = 0.5f * ((hi - lo) / static_cast<float>(kFine));
  Histogram out(kBins, 0.0f);
  for (int64_t j = 0; j < kFine; ++j) {
    const float middle = linspace_at(lo, hi, kFine + 1, j) + half_width;
    // bucketize(right=True) - 1: the last boundary that is not above the middle
    const auto above = std::upper_bound(boundaries.begin(), boundaries.end(), middle);
    const int64_t bin = std::clamp<int64_t>(above - boundaries.begin() - 1, 0, kBins - 1);
    out[static_cast<size_t>(bin)] += histogram[static_cast<size_t>(j / kUpsample)] / static_cast<float>(kUpsample);
  }
  return out;
}

float sum(const Histogram& values) {
  // A vector of eight lanes, four vectors side by side; blocks of `step` rows are added to the next of four levels.
  constexpr int64_t kLanes = 8, kVectors = 4, kRow = kLanes * kVectors, kLevels = 4;
  const auto n = static_cast<int64_t>(values.size()), rows = n / kRow;
  const int64_t log2_rows = rows > 1 ? 64 - std::countl_zero(static_cast<uint64_t>(rows - 1)) : 0;
  const int64_t level_power = std::max<int64_t>(4, log2_rows / kLevels), step = int64_t{1} << level_power;
  std::array<std::array<float, kRow>, kLevels> acc{};
  const auto add_row = [&](int64_t row) {
    for (int64_t k = 0; k < kRow; ++k) acc[0][static_cast<size_t>(k)] += values[static_cast<size_t>(row * kRow + k)];
  };
  int64_t i = 0;
  while (i + step <= rows) {
    for (int64_t j = 0; j < step; ++j) add_row(i++);
    for (size_t level = 1; level < kLevels; ++level) {
      for (size_t k = 0; k < kRow; ++k) acc[level][k] += acc[level - 1][k];
      acc[level - 1].fill(0.0f);
      if ((i & ((step - 1) << (static_cast<int64_t>(level) * level_power))) != 0) break;
    }
  }
  while (i < rows) add_row(i++);
  for (size_t level = 1; level < kLevels; ++level)
    for (size_t k = 0; k < kRow; ++k) acc[0][k] += acc[level][k];

  std::array<float, kLanes> lanes{};
  for (size_t k = 0; k < kLanes; ++k) lanes[k] = acc[0][k];
  int64_t rest = rows * kRow;
  for (; rest + kLanes <= n; rest += kLanes)  // whole vectors that did not fill a row
    for (int64_t k = 0; k < kLanes; ++k) lanes[static_cast<size_t>(k)] += values[static_cast<size_t>(rest + k)];
  for (size_t vector = 1; vector < kVectors; ++vector)
    for (size_t k = 0; k < kLanes; ++k) lanes[k] += acc[0][vector * kLanes + k];
  float total = 0;
  for (; rest < n; ++rest) total += values[static_cast<size_t>(rest)];
  for (float lane : lanes) total += lane;
  return total;
}

Histogram cumsum(const Histogram& values) {
  Histogram out;
  double total = 0;
  for (float v : values) out.push_back(static_cast<float>(total += static_cast<double>(v)));
  return out;
}

}  // namespace octet::quant
