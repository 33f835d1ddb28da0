// The fake-quant graph against the int8 one: nothing but rounding between them, and a broken layer is seen.
#include "quant/passes/fake_quantize.h"

#include "nn/graph/executor.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/init.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/checks/compare.h"
#include "quant/passes/convert.h"
#include "quant/passes/prepare.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::quant {
namespace {

class FakeQuantized : public ::testing::TestWithParam<const char*> {
 protected:
  FakeQuantized() {
    Generator generator(3);
    nn::init::initialise(*model_, generator);
    prepared_ = prepare(nn::trace(*model_, Tensor::zeros({1, 3, 32, 32})), mapping_);
    nn::run(prepared_, images_);
    fake_ = fake_quantize(prepared_, mapping_);
    int8_ = convert(prepared_, mapping_);
  }

  std::unique_ptr<nn::Module> model_ = nn::make_model({.fastai_head = true}, 10);
  const QConfigMapping mapping_ = get_default_qconfig_mapping(GetParam());
  const Tensor images_ = test::random_floats({2, 3, 64, 64}, 9);
  nn::Graph prepared_, fake_, int8_;
};
INSTANTIATE_TEST_SUITE_P(Backends, FakeQuantized, ::testing::Values("qnnpack", "x86", "onednn"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(FakeQuantized, DiffersFromInt8OnlyByRounding) {
  const auto rows = compare(fake_, int8_, images_);
  EXPECT_EQ(rows.size(), 36u);
  for (const NodeComparison& r : rows) {
    EXPECT_LE(r.local.largest, 1) << r.name;
    EXPECT_FALSE(r.suspicious()) << r.name << ": " << r.local.share() << ", expected " << r.expected;
    EXPECT_GT(r.local.codes, 0) << r.name;
  }
}

TEST_P(FakeQuantized, SnapsEveryWeightAndValue) {
  int values = 0, weights = 0;
  nn::run(fake_, images_, [&](const nn::Node& node, const Tensor& value) {
    const FakeQuantize* f = fake_quantize_of(node);
    if (f == nullptr) return;
    ++values;
    EXPECT_TRUE(test::bits_equal(FakeQuantize(f->qparams())(value), value)) << node.name;  // they lie on the grid
  });
  for (const nn::Node& node : fake_.nodes())
    if (nn::is<nn::op::Conv2d>(node.op)) {
      const Tensor w = node.parameter("weight"), before = prepared_.find(node.name)->parameter("weight");
      EXPECT_FALSE(test::bits_equal(w, before)) << node.name;
      EXPECT_TRUE(test::all_close(w, before, 0, weight_scales(mapping_.global()->weight, before)[0] * 2)) << node.name;
      ++weights;
    }
  EXPECT_EQ(values, 40);
  EXPECT_EQ(weights, 20);
}

TEST_P(FakeQuantized, ABrokenLayerIsSeen) {
  nn::Node* layer = int8_.find("_0_5_0_conv2");
  ops::int8::Conv2dParams p = nn::get<nn::op::QuantizedConv2d>(layer->op).layer->params();
  p.bias = p.bias.clone();
  p.bias.data<float>()[0] += 8 * p.output.scale;  // of one channel
  layer->op = nn::op::QuantizedConv2d{std::make_shared<const ops::int8::Conv2d>(std::move(p))};
  for (const NodeComparison& r : compare(fake_, int8_, images_)) EXPECT_EQ(r.suspicious(), r.name == layer->name) << r.name;
}

/// A node of which so many of the codes differ, by one.
NodeComparison differing(int64_t differing, int64_t codes, double expected = 0) {
  return {.name = "n",
          .type = "",
          .local = {.codes = codes, .differing = differing, .largest = differing > 0 ? 1 : 0},
          .overall = {},
          .expected = expected};
}

TEST(Suspicious, IsWhatChanceDoesNotExplain) {
  // 1 of 20 codes: exp(-20 KL(0.05, 0.001)) = 0.05. 3: exp(-60 KL) = 4e-6, and 4: 5e-9.
  for (int64_t n : {0, 1, 2, 3}) EXPECT_FALSE(differing(n, 20).suspicious()) << n;
  for (int64_t n : {4, 20}) EXPECT_TRUE(differing(n, 20).suspicious()) << n;
  EXPECT_FALSE(differing(1, 1).suspicious());
  // Of a million, 0.1 % may differ, and 0.125 % is 7.5 standard deviations more.
  EXPECT_FALSE(differing(1100, 1'000'000).suspicious());
  EXPECT_TRUE(differing(1250, 1'000'000).suspicious());
  EXPECT_FALSE(differing(21'000, 1'000'000, 0.01).suspicious());
  EXPECT_TRUE(differing(22'000, 1'000'000, 0.01).suspicious());
  EXPECT_FALSE(differing(20, 20, 0.6).suspicious());  // all are expected to
  NodeComparison two_codes = differing(1, 1'000'000);
  two_codes.local.largest = 2;
  EXPECT_TRUE(two_codes.suspicious());
  EXPECT_FALSE(NodeComparison{}.suspicious());
}

TEST(FakeQuantize, NeedsCalibration) {
  auto model = nn::make_model({.fastai_head = true}, 10);
  const QConfigMapping mapping = get_default_qconfig_mapping("x86");
  const nn::Graph prepared = prepare(nn::trace(*model, Tensor::zeros({1, 3, 32, 32})), mapping);
  EXPECT_TRUE(test::fails_with([&] { fake_quantize(prepared, mapping); }, {"activation_post_process_0", "calibrate"}));
}

}  // namespace
}  // namespace octet::quant
