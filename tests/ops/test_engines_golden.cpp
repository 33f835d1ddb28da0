// The rules of PyTorch's engines onednn and x86 (on a CPU with VNNI), code for code where sums lie next to a tie: the naive twin
// and every way that a layer can go.
#include "ops/int8/conv2d.h"
#include "ops/int8/linear.h"
#include "ops/reference/int8_conv2d.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace octet::ops::int8 {
namespace {

using test::Golden;

Tensor codes(const Golden& g, const char* key) {
  const Tensor t = g[key].view_as(DType::quint8);
  return t.dim() == 4 ? to_channels_last(t) : t;
}

QuantizedLayer layer_of(const Golden& g, Engine engine) {
  const auto qparams = [&](const char* key) { return QParams{g.floats(key)[0], static_cast<int32_t>(g.floats(key)[1])}; };
  return {g["w"].view_as(DType::qint8),
          g.floats("weight_scale"),
          g["b"],
          g.number("relu") != 0,
          engine,
          qparams("input"),
          qparams("output")};
}

/// Which layer, and a form of it: "" (one scale for all weights), "_channels", "_relu" or both.
using Case = std::tuple<Engine, const char*, const char*>;
const auto kForms = ::testing::Values("", "_relu", "_channels", "_channels_relu");
const auto kEnginesWithVnni = ::testing::Values(Engine::onednn, Engine::x86_vnni);

std::string name(const Case& c) {
  const auto& [engine, layer, form] = c;
  return str(layer[0] == 'l' ? "linear_" : "conv2d_", name_of(engine), layer[0] == 'l' ? "" : str("_", layer), form);
}
std::string test_name(const ::testing::TestParamInfo<Case>& info) { return name(info.param); }

class ConvNearTies : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Vnni, ConvNearTies,
    ::testing::Combine(kEnginesWithVnni,
                       ::testing::Values("stem", "three", "stride2", "pointwise", "grouped", "depthwise", "many_groups"), kForms),
    test_name);

TEST_P(ConvNearTies, EveryWayGivesPyTorchsCodes) {
  const Golden g("engines/" + name(GetParam()));
  Conv2dParams params{layer_of(g, std::get<0>(GetParam())),
                      {.stride = static_cast<int64_t>(g.number("stride")),
                       .padding = static_cast<int64_t>(g.number("padding")),
                       .groups = static_cast<int64_t>(g.number("groups"))}};
  const Tensor x = codes(g, "x"), y = codes(g, "y");
  EXPECT_TRUE(test::codes_equal(reference::int8_conv2d(x, params), y));
  for (const ConvAlgorithm algorithm : kConvAlgorithms) {
    params.choices = {choice_here(x.shape(), algorithm)};
    const Conv2d conv(params);
    if (conv.has(algorithm, x.shape())) {
      EXPECT_TRUE(test::codes_equal(conv(x), y)) << name_of(algorithm);
    }
  }
}

class LinearNearTies : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Vnni, LinearNearTies, ::testing::Combine(kEnginesWithVnni, ::testing::Values("linear"), kForms),
                         test_name);

TEST_P(LinearNearTies, GivesPyTorchsCodes) {
  const Golden g("engines/" + name(GetParam()));
  const LinearParams params = layer_of(g, std::get<0>(GetParam()));
  EXPECT_TRUE(test::codes_equal(reference::int8_linear(codes(g, "x"), params), codes(g, "y")));
  EXPECT_TRUE(test::codes_equal(Linear(params)(codes(g, "x")), codes(g, "y")));
}

}  // namespace
}  // namespace octet::ops::int8
