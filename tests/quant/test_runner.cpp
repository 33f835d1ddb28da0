// A runner takes as many images at a time as there are threads through the first layers: the answers are those of the whole
// batch.
#include "nn/graph/runner.h"

#include <omp.h>

#include "nn/graph/executor.h"
#include "nn/graph/passes/optimize_for_inference.h"
#include "nn/graph/timing.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/passes/convert.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/prepare.h"
#include "tests/support/compare.h"
#include "tests/support/gradcheck.h"
#include "tests/support/make.h"
#include "tests/support/training.h"

namespace octet::quant {
namespace {

/// ResNet18's last stages have large weights, of MobileNetV2 only the last convolution.
class Runner : public ::testing::TestWithParam<nn::Network> {
 protected:
  void SetUp() override {
    const auto model = nn::make_model({GetParam()}, 10);
    test::fill_by_formula(*model);
    traced_ = nn::trace(*model, Tensor::zeros({1, 3, 64, 64}));
    prepared_ = prepare(traced_, qconfig_);
    nn::run(prepared_, test::hashed_values({2, 3, 64, 64}, 7, 2.0));
  }
  void TearDown() override { omp_set_num_threads(threads_); }

  int threads_ = omp_get_max_threads();
  QConfigMapping qconfig_ = get_default_qconfig_mapping("qnnpack");
  nn::Graph traced_, prepared_;
};
INSTANTIATE_TEST_SUITE_P(Networks, Runner, ::testing::Values(nn::Network::resnet18, nn::Network::mobilenet_v2));

TEST_P(Runner, GivesTheAnswersOfTheWholeBatch) {
  const nn::Graph int8 = convert(prepared_, qconfig_), fast_int8 = optimize_for_inference(int8),
                  fast_float = optimize_for_inference(traced_);
  for (const int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    for (const int64_t images : {1, 2, 7}) {
      const Tensor x = test::hashed_values({images, 3, 64, 64}, 11, 2.0);
      EXPECT_TRUE(test::bits_equal(nn::Runner(int8)(x), nn::run(int8, x))) << threads << " threads, " << images << " images";
      EXPECT_TRUE(test::bits_equal(nn::Runner(fast_int8)(x), nn::run(int8, x)));
      EXPECT_LT(test::relative_error(nn::Runner(fast_float)(x), nn::run(fast_float, x)), 2e-5);
    }
  }
}

/// Layers are timed as they run: the first ones on parts of the batch, which add up to its products.
TEST_P(Runner, IsWhatTimesNodes) {
  const nn::Graph int8 = optimize_for_inference(convert(prepared_, qconfig_));
  omp_set_num_threads(2);
  const auto times = [&](int64_t images) { return nn::time_nodes(int8, test::hashed_values({images, 3, 64, 64}, 11, 2.0), 0); };
  const auto of_one = times(1), of_five = times(5);
  ASSERT_EQ(of_one.size(), of_five.size());
  EXPECT_EQ(of_five.front().input, (Shape{2, 3, 64, 64}));
  EXPECT_EQ(of_five.back().input.at(0), 5);
  for (size_t i = 0; i < of_one.size(); ++i) {
    EXPECT_EQ(of_five[i].multiply_adds, 5 * of_one[i].multiply_adds) << of_one[i].node->name;
    EXPECT_GT(of_five[i].ms, 0) << of_one[i].node->name;
  }
}

/// Fake quantization, unlike observers, keeps nothing of what it sees.
TEST_P(Runner, RunsFakeQuantizedGraphsInParts) {
  const nn::Graph fake = fake_quantize(prepared_, qconfig_);
  omp_set_num_threads(2);
  const Tensor x = test::hashed_values({5, 3, 64, 64}, 11, 2.0);
  std::vector<int64_t> images;  // at a time
  const std::string first = std::next(fake.nodes().begin())->name;
  const Tensor y = nn::Runner(fake)(x, [&](const nn::Node& node, const Tensor& result) {
    if (node.name == first) images.push_back(result.size(0));
  });
  EXPECT_EQ(images, (std::vector<int64_t>{2, 2, 1}));
  EXPECT_TRUE(test::bits_equal(y, nn::run(fake, x)));
}

/// Observers see the same batches as without it: their minima, maxima and histograms depend on them.
TEST_P(Runner, GivesObserversWholeBatches) {
  const nn::Graph other = prepare(traced_, qconfig_);
  nn::run(other, test::hashed_values({2, 3, 64, 64}, 7, 2.0));
  const Tensor x = test::hashed_values({7, 3, 64, 64}, 11, 2.0);
  EXPECT_TRUE(test::bits_equal(nn::Runner(prepared_)(x), nn::run(other, x)));
  EXPECT_TRUE(test::bits_equal(nn::run(convert(prepared_, qconfig_), x), nn::run(convert(other, qconfig_), x)));
}

}  // namespace
}  // namespace octet::quant
