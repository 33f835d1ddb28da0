// Whole networks on the device: calibration, fake quantization and int8, node by node as on the CPU.
#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/runner.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/observers/histogram.h"
#include "quant/observers/min_max.h"
#include "quant/passes/convert.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/prepare.h"
#include "tests/cuda/device.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

using test::back;
using test::there;

class Observing : public test::OnCuda {};

TEST_F(Observing, MinMaxAndNaN) {
  for (const int64_t n : {1, 255, 4097, 1 << 20}) {
    Tensor x = test::random_floats({n}, 1);
    const MinMax want = min_max(x), got = min_max(there(x));
    EXPECT_EQ(got.min, want.min);
    EXPECT_EQ(got.max, want.max);
    EXPECT_FALSE(got.has_nan);
    x.data<float>()[n / 2] = NAN;
    EXPECT_TRUE(min_max(there(x)).has_nan) << n;
    x.data<float>()[n / 2] = INFINITY;
    EXPECT_EQ(min_max(there(x)).max, INFINITY) << n;
  }
}

TEST_F(Observing, HistogramsEqual) {
  const Tensor x = test::random_floats({1 << 19}, 1), on_device = there(x);
  for (const auto& [lo, hi] : {std::pair(-1.0f, 2.0f), std::pair(-5.0f, 5.0f), std::pair(0.0f, 0.0f)})
    EXPECT_EQ(histc(on_device.cuda_data<float>(), x.numel(), lo, hi, Device::cuda), histc(x.data<float>(), x.numel(), lo, hi));
}

struct Case {
  const char* network;
  const char* backend;
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.network << " " << c.backend; }
};

class Networks : public test::OnCuda, public ::testing::WithParamInterface<Case> {
 protected:
  static constexpr int64_t kSize = 64;
  std::unique_ptr<nn::Module> make() const {
    const std::string name = GetParam().network;
    return nn::make_model({name == "resnet18" ? nn::Network::resnet18 : nn::Network::mobilenet_v2}, 10);
  }
};
INSTANTIATE_TEST_SUITE_P(All, Networks,
                         ::testing::Values(Case{"resnet18", "qnnpack"}, Case{"resnet18", "x86"}, Case{"mobilenet_v2", "qnnpack"}),
                         [](const auto& info) { return std::string(info.param.network) + "_" + info.param.backend; });

TEST_P(Networks, CalibrateConvertRun) {
  const auto model = make();
  test::fill_by_formula(*model);
  const Tensor images = test::hashed_values({2, 3, kSize, kSize}, 7, 2.0);
  const nn::Graph traced = nn::trace(*model, images);
  const QConfigMapping mapping = get_default_qconfig_mapping(GetParam().backend);

  const Tensor logits = nn::run(traced, images);
  EXPECT_TRUE(test::all_close(nn::run(traced.to(Device::cuda), images), logits, 1e-4f, 1e-4f));
  EXPECT_TRUE(test::all_close(nn::run(optimize_for_inference(traced, Device::cuda), images), logits, 1e-4f, 1e-4f));

  // Observers on the device see its floats, which differ from the CPU's in the last bits: their ranges are close.
  const nn::Graph prepared = prepare(traced, mapping), prepared_there = prepare(traced, mapping);
  nn::run(prepared, images);
  nn::run(prepared_there.to(Device::cuda), images);
  const auto here = observers(prepared), on_device = observers(prepared_there);
  ASSERT_EQ(here.size(), on_device.size());
  for (size_t i = 0; i < here.size(); ++i) {
    const float range = here[i].observer->max() - here[i].observer->min();
    EXPECT_NEAR(here[i].observer->min(), on_device[i].observer->min(), 1e-4f * range) << here[i].name;
    EXPECT_NEAR(here[i].observer->max(), on_device[i].observer->max(), 1e-4f * range) << here[i].name;
  }

  const nn::Graph fake = fake_quantize(prepared, mapping);
  EXPECT_EQ(nn::run(fake.to(Device::cuda), images).shape(), logits.shape());

  // The int8 graph, code for code.
  const nn::Graph int8 = convert(prepared, mapping);
  std::map<std::string, Tensor> values;
  const Tensor want = nn::run(int8, images, [&](const nn::Node& node, const Tensor& value) { values[node.name] = value; });
  size_t compared = 0;
  const Tensor got = nn::run(int8.to(Device::cuda), images, [&](const nn::Node& node, const Tensor& value) {
    if (value.dtype() != DType::quint8) return;
    EXPECT_TRUE(test::codes_equal(back(value), values.at(node.name))) << node.name;
    ++compared;
  });
  EXPECT_GT(compared, 20u);
  EXPECT_TRUE(test::bits_equal(got, want));
}

TEST_F(Observing, RunnersReplayWhatTheyCaptured) {
  const auto model = nn::make_model({nn::Network::resnet18}, 10);
  test::fill_by_formula(*model);
  const nn::Graph traced = nn::trace(*model, Tensor::zeros({1, 3, 64, 64}));
  const nn::Graph prepared = prepare(traced, get_default_qconfig_mapping("qnnpack"));
  nn::run(prepared, test::hashed_values({2, 3, 64, 64}, 7, 2.0));
  const nn::Graph int8 = convert(prepared, get_default_qconfig_mapping("qnnpack")).to(Device::cuda);
  const nn::Graph fake = fake_quantize(prepared, get_default_qconfig_mapping("qnnpack")).to(Device::cuda);
  const nn::Graph float_graph = optimize_for_inference(traced, Device::cuda);
  for (const nn::Graph* graph : {&int8, &fake, &float_graph}) {
    nn::Runner runner(*graph);
    std::vector<Tensor> others;  // that take what memory is free between the runs, and must not be overwritten
    for (const int64_t images : {2, 1, 2, 2, 1}) {
      const Tensor x = test::hashed_values({images, 3, 64, 64}, 10 + others.size(), 2.0);
      EXPECT_TRUE(test::bits_equal(runner(x), nn::run(*graph, x)));
      others.push_back(there(Tensor::full({1 << 20}, static_cast<float>(others.size()))));
    }
    for (size_t i = 0; i < others.size(); ++i)
      EXPECT_TRUE(test::bits_equal(back(others[i]), Tensor::full({1 << 20}, static_cast<float>(i))));
  }
}

TEST_F(Observing, GraphsMadeForTheCpuStayThere) {
  const auto model = nn::make_model({nn::Network::resnet18}, 10);
  const nn::Graph fast = optimize_for_inference(nn::trace(*model, Tensor::zeros({1, 3, 64, 64})));
  const bool lowered = std::ranges::any_of(fast.nodes(), [](const nn::Node& n) { return nn::is<nn::op::Lowered>(n.op); });
  if (!lowered) GTEST_SKIP() << "portable kernels: nothing is lowered";
  EXPECT_TRUE(test::fails_with([&] { fast.to(Device::cuda); }, {"made for cpu", "cannot go to cuda"}));
}

}  // namespace
}  // namespace octet::quant
