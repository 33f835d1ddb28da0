// Options of ops as goldens have them.
#pragma once

#include "ops/options.h"
#include "tests/support/golden.h"

namespace octet::test {

inline ops::Size2 size2(const Golden& g, const std::string& key) {
  const int32_t* pair = g[key].data<int32_t>();
  return {pair[0], pair[1]};
}

inline ops::AvgPool2dOptions avg_pool2d_options(const Golden& g) {
  return {.kernel = size2(g, "kernel"),
          .stride = size2(g, "stride"),
          .padding = size2(g, "padding"),
          .ceil_mode = g.number("ceil_mode") != 0,
          .count_include_pad = g.number("count_include_pad") != 0,
          .divisor_override = static_cast<int64_t>(g.number("divisor_override"))};
}

}  // namespace octet::test
