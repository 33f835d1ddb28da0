// pad: rows and columns around an image. It has no int8 form in FX's default mapping, and stays float.
// torch.nn.functional.pad, torch.nn.ZeroPad2d.   [N, C, H, W] -> [N, C, top + H + bottom, left + W + right]
#pragma once

#include "nn/graph/ops/page.h"
#include "nn/graph/ops/text.h"
#include "ops/pad.h"

namespace octet::nn::op {

struct Pad {
  ops::PadOptions options;

  static constexpr Info kInfo{.name = "pad",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes};
  void fields(auto&& visit) {
    int64_t mode = static_cast<int64_t>(options.mode);  // 0: constant, 1: reflect, 2: replicate
    visit("mode", mode, int64_t{0}, int64_t{2});
    options.mode = static_cast<ops::PadMode>(mode);
    constexpr int64_t kMost = int64_t{1} << 20;
    visit("left", options.left, -kMost, kMost);
    visit("right", options.right, -kMost, kMost);
    visit("top", options.top, -kMost, kMost);
    visit("bottom", options.bottom, -kMost, kMost);
    visit("value", options.value);
  }
  Description describe(const Parameters&) const {
    constexpr const char* kModes[] = {"constant", "reflect", "replicate"};
    return {"Pad",
            str("(", options.left, ", ", options.right, ", ", options.top, ", ", options.bottom, "), mode='",
                kModes[static_cast<size_t>(options.mode)], "'", options.value == 0 ? "" : ", value=" + shortest(options.value))};
  }
  Tensor run(const Inputs& in) const { return ops::pad(in[0], options); }
};

}  // namespace octet::nn::op
