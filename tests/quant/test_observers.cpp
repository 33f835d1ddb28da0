// Observers against PyTorch's: histogram, min, max, scale and zero point, bit for bit.
#include "quant/histogram_observer.h"
#include "quant/min_max_observer.h"
#include "quant/per_channel_min_max_observer.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/make.h"

namespace octet::quant {
namespace {

using test::Golden;

std::vector<Tensor> batches(const Golden& g) {
  std::vector<Tensor> found;
  while (g.has("batch_" + std::to_string(found.size()))) found.push_back(g["batch_" + std::to_string(found.size())]);
  return found;
}

void expect_as_golden(Observer& observer, const Golden& g, const std::string& kind) {
  for (const Tensor& batch : batches(g)) observer.observe(batch);
  const QParams q = observer.calculate_qparams();
  EXPECT_EQ(observer.min(), g.floats(kind + ".min")[0]) << kind;
  EXPECT_EQ(observer.max(), g.floats(kind + ".max")[0]) << kind;
  EXPECT_EQ(q.scale, g.floats(kind + ".scale")[0]) << kind;
  EXPECT_EQ(q.zero_point, g.number(kind + ".zero_point")) << kind;
}

class ObserverCases : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Data, ObserverCases,
                         ::testing::Values("random", "growing", "shrinking", "relu", "skewed", "negative", "positive", "outlier",
                                           "constant", "constant_then_random", "zeros", "single", "denormal", "infinite", "wide"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(ObserverCases, Histogram) {
  const Golden g(std::string("observers/") + GetParam());
  HistogramObserver observer(quint8_range(false));
  expect_as_golden(observer, g, "histogram");
  const auto n = static_cast<int64_t>(observer.histogram().size());
  EXPECT_TRUE(test::bits_equal(Tensor::from(observer.histogram(), {n}), g["histogram.counts"]));
}

TEST_P(ObserverCases, HistogramReduceRange) {
  HistogramObserver observer(quint8_range(true));
  expect_as_golden(observer, Golden(std::string("observers/") + GetParam()), "histogram7");
}

TEST_P(ObserverCases, MinMax) {
  const Golden g(std::string("observers/") + GetParam());
  if (!g.has("minmax.min")) {  // infinite data: a range that is not finite has no scale
    MinMaxObserver observer({.range = quint8_range(false)});
    for (const Tensor& batch : batches(g)) observer.observe(batch);
    EXPECT_TRUE(test::fails_with([&] { observer.calculate_qparams(); }, {"not finite"}));
    return;
  }
  MinMaxObserver activation({.range = quint8_range(false)}), weight({.range = kQint8Range, .scheme = QScheme::symmetric});
  expect_as_golden(activation, g, "minmax");
  expect_as_golden(weight, g, "weight");
}

TEST(PerChannelMinMax, Golden) {
  const Golden g("observers/random");
  PerChannelMinMaxObserver observer;
  for (const Tensor& batch : batches(g)) observer.observe(batch);
  EXPECT_EQ(observer.calculate_scales(), g.floats("channel.scale"));
  EXPECT_EQ(observer.min(), g.floats("channel.min"));
  EXPECT_EQ(observer.max(), g.floats("channel.max"));
}

TEST(Observers, RefuseNanAndNothing) {
  HistogramObserver histogram(quint8_range(false));
  MinMaxObserver min_max({.range = quint8_range(false)});
  for (Observer* o : {static_cast<Observer*>(&histogram), static_cast<Observer*>(&min_max)}) {
    EXPECT_TRUE(test::fails_with([&] { o->calculate_qparams(); }, {o->kind(), "calibrate"}));
    EXPECT_TRUE(test::fails_with([&] { o->observe(Tensor::from({1, NAN}, {2})); }, {"NaN", "[2]"}));
  }
}

// Nothing depends on how the work is split: many values, odd length, counted on all cores and on one.
TEST(Histogram, SplitDoesNotMatter) {
  const Tensor x = test::random_floats({300007}, 1);
  const Histogram all = histc(x.data<float>(), x.numel(), -4, 4);
  Histogram parts(kBins, 0.0f);
  for (int64_t begin = 0; begin < x.numel(); begin += 30011) {
    const Histogram part = histc(x.data<float>() + begin, std::min<int64_t>(30011, x.numel() - begin), -4, 4);
    for (size_t b = 0; b < parts.size(); ++b) parts[b] += part[b];
  }
  EXPECT_EQ(all, parts);
}

TEST(Histogram, CounterStopsAtTwoToThe24PerHalf) {  // as float32 counters do in torch.histc on two threads
  const std::vector<float> zeros((size_t{1} << 25) + 100, 0.0f);
  EXPECT_EQ(histc(zeros.data(), static_cast<int64_t>(zeros.size()), 0, 1)[0], 33554432.0f);
}

}  // namespace
}  // namespace octet::quant
