// slice: channels [begin, end). It has no int8 form in FX's default mapping, and stays float. x[:, begin:end], and each part of
// torch.chunk(x, n, 1) and torch.split(x, sizes, 1).   [N, C, ...] -> [N, end - begin, ...]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/channel_order.h"

namespace octet::nn::op {

struct Slice {
  int64_t begin = 0, end = 1;

  static constexpr Info kInfo{.name = "slice",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    visit("begin", begin, int64_t{0}, ops::kMostChannels);
    visit("end", end, int64_t{0}, ops::kMostChannels);
  }
  Description describe(const Parameters&) const { return {"Slice", str(begin, ":", end)}; }
  Tensor run(const Inputs& in) const { return ops::slice_channels(in[0], begin, end); }
};

}  // namespace octet::nn::op
