// permute: dimensions of channels in another order; images and pixels stay where they are. int8: the same codes.
// torch.permute, torch.transpose.   dims (1, 0): [N, 2, C/2, H, W] -> [N, C/2, 2, H, W]; codes [N, H, W, 2, C/2] likewise
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/channel_order.h"

namespace octet::nn::op {

struct QuantizedPermute {
  std::vector<int64_t> dims;  // of the dimensions of channels, counted from 0

  static constexpr Info kInfo{.name = "quantized_permute",
                              .inputs = 1,
                              .takes = Values::codes,
                              .gives = Values::codes,
                              .scale = Scale::of_input,
                              .layout = Layout::planes};
  void fields(auto&& visit) { visit("dims", dims, 0, ops::kMostChannelDims - 1); }
  Description describe(const Parameters&) const { return {"Permute", list_text(dims)}; }
  Tensor run(const Inputs& in) const { return ops::int8::permute_channels(in[0], dims); }
  double differs_from_fake_quant(const Tensor&) const { return 0; }
};

struct Permute {
  std::vector<int64_t> dims;

  static constexpr Info kInfo{.name = "permute",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::of_input,
                              .layout = Layout::planes,
                              .shares_observer = true};
  void fields(auto&& visit) { visit("dims", dims, 0, ops::kMostChannelDims - 1); }
  Description describe(const Parameters&) const { return {"Permute", list_text(dims)}; }
  Tensor run(const Inputs& in) const { return ops::permute_channels(in[0], dims); }
  QuantizedPermute to_int8(const Int8Form&) const { return {dims}; }
};

}  // namespace octet::nn::op
