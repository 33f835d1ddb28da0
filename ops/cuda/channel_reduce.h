// Two sums per channel of x [N, C, ...], in double: the reduction that batch norm and biases need. Every channel is cut into
// parts of which each is a block's; a second kernel adds the parts in order, so that the bits are the same each time.
#pragma once

#include <algorithm>

#include "ops/cuda/divisor.h"
#include "ops/cuda/launch.h"
#include "tensor/tensor.h"

namespace octet::ops::cuda {

struct TwoSums {
  double a, b;
};

/// The term of a plain sum.
struct ValueOf {
  const float* x;
  OCTET_HD TwoSums operator()(uint32_t i, uint32_t) const { return {static_cast<double>(x[i]), 0}; }
};

/// Images, channels, values per image and channel.
struct ChannelLayout {
  uint32_t N, C, plane;
  explicit ChannelLayout(const Tensor& x)
      : N(static_cast<uint32_t>(x.size(0))),
        C(static_cast<uint32_t>(x.size(1))),
        plane(static_cast<uint32_t>(x.numel() / std::max<int64_t>(1, x.size(0) * x.size(1)))) {}
  uint32_t count() const { return N * plane; }  // values of a channel
};

/// partial[c * parts + part] = the sums of term(index, c) over that part of channel c.
template <class Term>
struct ReduceChannels {
  static constexpr int kThreads = 256;
  struct Shared {
    TwoSums sums[kThreads];
  };
  Term term;
  uint32_t channels;
  Divisor plane;
  uint32_t count, parts;
  TwoSums* partial;

  OCTET_DEVICE void operator()(Block& block, Shared& shared) const {
    const auto part = static_cast<uint32_t>(block.x()), c = static_cast<uint32_t>(block.y());
    block.each_thread([&](int t) {
      TwoSums mine{0, 0};
      for (uint32_t i = part * kThreads + static_cast<uint32_t>(t); i < count; i += parts * kThreads) {
        const TwoSums more = term((i / plane * channels + c) * plane.value + i % plane, c);
        mine.a += more.a;
        mine.b += more.b;
      }
      shared.sums[t] = mine;
    });
    block.barrier();
    for (int half = kThreads / 2; half > 0; half /= 2) {
      block.each_thread([&](int t) {
        if (t >= half) return;
        shared.sums[t].a += shared.sums[t + half].a;
        shared.sums[t].b += shared.sums[t + half].b;
      });
      block.barrier();
    }
    block.each_thread([&](int t) {
      if (t == 0) partial[c * parts + part] = shared.sums[0];
    });
  }
};

struct AddParts {
  const TwoSums* partial;
  uint32_t parts;
  TwoSums* sums;
  OCTET_HD void operator()(uint32_t c) const {
    TwoSums all{0, 0};
    for (uint32_t i = 0; i < parts; ++i) {
      all.a += partial[c * parts + i].a;
      all.b += partial[c * parts + i].b;
    }
    sums[c] = all;
  }
};

/// [C] TwoSums on the device.
class ChannelSums {
 public:
  template <class Term>
  ChannelSums(const char* name, const ChannelLayout& l, const Term& term) {
    // Blocks enough to keep a device busy, and few parts, which one thread adds.
    constexpr uint32_t kBlocks = 2048, kMostParts = 64, kPerThread = 8, kThreads = ReduceChannels<Term>::kThreads;
    const uint32_t most = std::clamp<uint32_t>(kBlocks / std::max<uint32_t>(1, l.C), 1, kMostParts);
    const uint32_t parts = std::clamp<uint32_t>(l.count() / (kThreads * kPerThread), 1, most);
    check_elements(name, int64_t{l.N} * l.C * l.plane);
    Tensor partial = bytes(int64_t{l.C} * parts);
    bytes_ = bytes(l.C);
    launch(name, {parts, l.C}, ReduceChannels<Term>{term, l.C, l.plane, l.count(), parts, sums_in(partial)});
    map(name, l.C, AddParts{sums_in(partial), parts, sums_in(bytes_)});
  }

  const TwoSums* data() const { return reinterpret_cast<const TwoSums*>(bytes_.cuda_bytes()); }

 private:
  static Tensor bytes(int64_t n) { return Tensor({n * static_cast<int64_t>(sizeof(TwoSums))}, DType::u8, Device::cuda); }
  static TwoSums* sums_in(Tensor& bytes) { return reinterpret_cast<TwoSums*>(bytes.cuda_bytes()); }

  Tensor bytes_;
};

}  // namespace octet::ops::cuda
