// Random int8 convolutions, and the check of a fast one against the naive twin.
#pragma once

#include <ostream>

#include "ops/int8/conv2d.h"
#include "ops/reference/int8_conv2d.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::test {

inline ops::int8::Conv2dParams int8_layer(const Shape& weight, const ops::Conv2dOptions& options, ops::int8::Engine engine,
                                          bool per_channel, bool relu) {
  Generator generator(5);
  std::vector<float> scale;
  for (int64_t k = 0; k < (per_channel ? weight[0] : 1); ++k) scale.push_back(0.001f + 0.004f * generator.uniform());
  return {{.weight = random_codes(weight, DType::qint8, 2),
           .weight_scale = scale,
           .bias = random_floats({weight[0]}, 3),
           .relu = relu,
           .engine = engine,
           .input = {0.02f, 119},
           .output = {0.31f, 103}},
          options};
}

struct Int8Case {
  Shape x, weight;  // [N, H, W, C], [K, C/G, R, S]
  ops::Conv2dOptions options;
  friend std::ostream& operator<<(std::ostream& out, const Int8Case& c) { return out << c.x << c.weight; }
};

/// All engines, weight schemes and relu: run(x, params) gives the naive twin's codes.
template <class Run>
void expect_as_naive(const Int8Case& c, Run&& run) {
  const Tensor x = random_codes(c.x, DType::quint8, 1);
  for (const auto engine : ops::int8::kEngines)
    for (bool per_channel : {false, true})
      for (bool relu : {false, true}) {
        const ops::int8::Conv2dParams p = int8_layer(c.weight, c.options, engine, per_channel, relu);
        EXPECT_TRUE(codes_equal(run(x, p), ops::reference::int8_conv2d(x, p))) << name_of(engine) << per_channel << relu;
      }
}

}  // namespace octet::test
