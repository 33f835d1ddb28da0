// view: channels in another arrangement, such as groups: [N, C, H, W] -> [N, 2, C/2, H, W] and back. The same values in the same
// order. int8: the same codes, whose channels lie last. x.view(n, *channels, h, w), x.reshape(...).
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/channel_order.h"

namespace octet::nn::op {

struct QuantizedView {
  std::vector<int64_t> channels;

  static constexpr Info kInfo{.name = "quantized_view",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::planes};
  void fields(auto&& visit) { visit("channels", channels, 1, ops::kMostChannels); }
  Description describe(const Parameters&) const { return {"View", list_text(channels)}; }
  Tensor run(const Inputs& in) const { return ops::int8::view_channels(in[0], channels); }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct View {
  std::vector<int64_t> channels;

  static constexpr Info kInfo{.name = "view",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::planes,
                              .shares_observer = true};
  void fields(auto&& visit) { visit("channels", channels, 1, ops::kMostChannels); }
  Description describe(const Parameters&) const { return {"View", list_text(channels)}; }
  Tensor run(const Inputs& in) const { return ops::view_channels(in[0], channels); }
  QuantizedView to_int8(const Int8Form&) const { return {channels}; }
};

}  // namespace octet::nn::op
