// Observers against PyTorch's: histogram, min, max, scale and zero point, bit for bit.
#include "quant/qconfig/qconfig.h"

#include <cmath>

#include "quant/observers/histogram_observer.h"
#include "quant/observers/min_max_observer.h"
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
                         ::testing::Values("random", "channels", "growing", "shrinking", "relu", "skewed", "negative", "positive",
                                           "outlier", "constant", "constant_then_random", "zeros", "single", "denormal",
                                           "infinite", "wide"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(ObserverCases, Histogram) {
  const Golden g(std::string("observers/") + GetParam());
  HistogramObserver observer(QSpec{});
  expect_as_golden(observer, g, "histogram");
  EXPECT_TRUE(test::bits_equal(Tensor::from(observer.histogram(), {kBins}), g["histogram.counts"]));
}

constexpr QSpec kQint8{.dtype = DType::qint8}, kReduced{.reduce_range = true};
constexpr QSpec with_codes(QSpec spec, int32_t qmin, int32_t qmax) {
  spec.codes = CodeRange{qmin, qmax};
  return spec;
}
constexpr QSpec kMiddle{.scheme = QScheme::symmetric};

/// The names of golden_observers.py's kinds, as choices.
const std::vector<std::pair<const char*, ObserverChoice>> kKinds = {
    {"histogram7", {.spec = kReduced}},
    {"histogram_symmetric", {.spec = kWeightSpec}},
    {"minmax", {.kind = "MinMaxObserver"}},
    {"weight", {.kind = "MinMaxObserver", .spec = kWeightSpec}},
    {"minmax_int8", {.kind = "MinMaxObserver", .spec = kQint8}},
    {"minmax_int8_reduced",
     {.kind = "MinMaxObserver", .spec = {.dtype = DType::qint8, .scheme = QScheme::symmetric, .reduce_range = true}}},
    {"minmax_middle", {.kind = "MinMaxObserver", .spec = kMiddle}},
    {"minmax_4bit", {.kind = "MinMaxObserver", .spec = with_codes({}, 0, 15)}},
    {"minmax_4bit_middle", {.kind = "MinMaxObserver", .spec = with_codes(kMiddle, 0, 15)}},
    {"minmax_halved", {.kind = "MinMaxObserver", .spec = with_codes({.dtype = DType::qint8, .reduce_range = true}, -127, 127)}},
    {"moving", {.kind = "MovingAverageMinMaxObserver"}},
    {"moving_fast", {.kind = "MovingAverageMinMaxObserver", .spec = kWeightSpec, .averaging_constant = 0.3f}},
};

TEST_P(ObserverCases, EveryKindAsPyTorch) {
  const Golden g(std::string("observers/") + GetParam());
  for (const auto& [name, choice] : kKinds) {
    const auto observer = make_observer(choice);
    if (g.has(std::string(name) + ".min")) {
      expect_as_golden(*observer, g, name);
    } else {  // infinite data: a range that is not finite has no scale
      for (const Tensor& batch : batches(g)) observer->observe(batch);
      EXPECT_TRUE(test::fails_with([&] { observer->calculate_qparams(); }, {"not finite"})) << name;
    }
  }
}

TEST(PerChannel, AsPyTorch) {
  const std::vector<std::pair<const char*, ObserverChoice>> kinds = {
      {"channel", {.kind = "MinMaxObserver", .spec = kWeightSpec}},
      {"channel_affine7", {.kind = "MinMaxObserver", .spec = kReduced}},
      {"moving_channel", {.kind = "MovingAverageMinMaxObserver", .spec = kWeightSpec}}};
  for (const char* data : {"random", "channels"})
    for (const auto& [name, choice] : kinds) {
      const Golden g(std::string("observers/") + data);
      PerChannelObserver observer([&choice = choice] { return make_observer(choice); });
      for (const Tensor& batch : batches(g)) observer.observe(batch);
      const auto q = observer.calculate_qparams();
      const std::string kind = name;
      ASSERT_EQ(q.size(), g.floats(kind + ".scale").size());
      for (size_t k = 0; k < q.size(); ++k) {
        EXPECT_EQ(observer.channels()[k]->min(), g.floats(kind + ".min")[k]) << kind << k;
        EXPECT_EQ(observer.channels()[k]->max(), g.floats(kind + ".max")[k]) << kind << k;
        EXPECT_EQ(q[k].scale, g.floats(kind + ".scale")[k]) << kind << k;
        EXPECT_EQ(q[k].zero_point, g[kind + ".zero_point"].data<int32_t>()[k]) << kind << k;
      }
    }
}

TEST(PerChannel, NanNamesTheChannel) {
  PerChannelObserver observer([] { return make_observer({.kind = "MinMaxObserver", .spec = kWeightSpec}); });
  EXPECT_TRUE(test::fails_with([&] { observer.calculate_qparams(); }, {"nothing was observed"}));
  EXPECT_TRUE(test::fails_with([&] { observer.observe(Tensor::from({1, 2, 3, NAN}, {2, 2})); }, {"channel 1", "NaN"}));
}

// What PyTorch does not have: against what the definitions say.

std::shared_ptr<Observer> observed(const ObserverChoice& choice, const std::vector<float>& values) {
  auto observer = make_observer(choice);
  observer->observe(Tensor::from(values, {static_cast<int64_t>(values.size())}));
  return observer;
}

/// Mean square of x - dequantize(quantize(x)).
double error_of(QParams q, const std::vector<float>& values) {
  double sum = 0;
  for (float x : values) {
    const double code = std::clamp(std::nearbyint(double{x} / q.scale) + q.zero_point, 0.0, 255.0);
    sum += std::pow(x - (code - q.zero_point) * q.scale, 2);
  }
  return sum / static_cast<double>(values.size());
}

TEST(Percentile, CutsTheSameShareAtBothEnds) {
  std::vector<float> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(static_cast<float>(i) / 100'000 - 0.5f);
  for (const double percentile : {90.0, 99.0, 100.0}) {
    const auto range = observed({.kind = "PercentileObserver", .percentile = percentile}, values)->range();
    EXPECT_NEAR(range.min, -percentile / 200, 1.0 / kBins) << percentile;
    EXPECT_NEAR(range.max, percentile / 200, 1.0 / kBins) << percentile;
  }
}

TEST(Clipping, OutliersAreCutAndErrorsShrink) {
  const Tensor normal = test::random_floats({50'000}, 5);
  std::vector<float> values(normal.data<float>(), normal.data<float>() + normal.numel());
  values.push_back(60);  // one value far outside
  values.push_back(-40);
  const double whole = error_of(observed({.kind = "MinMaxObserver"}, values)->calculate_qparams(), values);
  for (const char* kind : {"MseObserver", "HistogramObserver"}) {
    const QParams q = observed({.kind = kind}, values)->calculate_qparams();
    EXPECT_LE(error_of(q, values), whole) << kind;
  }
  for (const char* kind : {"PercentileObserver", "EntropyObserver"}) {
    const auto range = observed({.kind = kind, .percentile = 99.9}, values)->range();
    EXPECT_LT(range.max, 20) << kind;
    EXPECT_GT(range.min, -20) << kind;
  }
}

TEST(Mse, FindsTheBestOfItsGrid) {
  const Tensor normal = test::random_floats({20'000}, 6);
  std::vector<float> values(normal.data<float>(), normal.data<float>() + normal.numel());
  for (float& v : values) v = std::max(v, 0.0f) * std::max(v, 0.0f);  // long tail, as behind a relu
  const QSpec four_bits = with_codes({}, 0, 15);
  const auto mse = observed({.kind = "MseObserver", .spec = four_bits}, values);
  const auto error = [&](QParams q) {
    double sum = 0;
    for (float x : values) {
      const double code = std::clamp(std::nearbyint(double{x} / q.scale) + q.zero_point, 0.0, 15.0);
      sum += std::pow(x - (code - q.zero_point) * q.scale, 2);
    }
    return sum;
  };
  double best = INFINITY;
  for (int i = 1; i <= 100; ++i)
    best = std::min(best, error(calculate_qparams(0, mse->max() * static_cast<float>(i) / 100, four_bits)));
  EXPECT_LT(error(mse->calculate_qparams()), 1.001 * best);  // the histogram knows values to a bin's width
}

TEST(TwoPasses, DoNotDependOnOrderOrBatchSize) {
  for (const std::string& kind : observer_kinds()) {
    if (kind == "MovingAverageMinMaxObserver") {
      EXPECT_TRUE(test::fails_with([&] { make_observer({.kind = kind})->begin_first_pass(); }, {kind, "order"}));
      continue;
    }
    const Tensor x = test::random_floats({60, 100}, 8);
    std::vector<QParams> answers;
    for (const int64_t rows : {1, 7, 60}) {
      const auto observer = make_observer({.kind = kind, .percentile = 99});
      for (int pass = 0; pass < 2; ++pass) {
        pass == 0 ? observer->begin_first_pass() : observer->begin_second_pass();
        for (int64_t end = 60; end > 0; end -= rows) observer->observe(x.slice(std::max<int64_t>(0, end - rows), end));
      }
      answers.push_back(observer->calculate_qparams());
    }
    EXPECT_EQ(answers[0], answers[1]) << kind;
    EXPECT_EQ(answers[0], answers[2]) << kind;
  }
}

TEST(Observers, RefuseNanAndNothing) {
  for (const std::string& kind : observer_kinds()) {
    const auto o = make_observer({.kind = kind});
    EXPECT_TRUE(test::fails_with([&] { o->calculate_qparams(); }, {kind, "calibrate"}));
    EXPECT_TRUE(test::fails_with([&] { o->observe(Tensor::from({1, NAN}, {2})); }, {kind, "NaN", "[2]"}));
  }
}

TEST(Observers, TakeConstantZeroAndSingleValues) {
  for (const std::string& kind : observer_kinds())
    for (const float value : {0.0f, 3.0f, -0.7f}) {
      const QParams q = observed({.kind = kind}, {value, value})->calculate_qparams();
      EXPECT_LE(error_of(q, {value}), 1e-4) << kind << " " << value;
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

TEST(Histogram, OfAnotherSizeIsRefused) {
  EXPECT_TRUE(test::fails_with([] { upscale(Histogram(3), 0, 1, -1, 2); }, {"3 bins, expected 2048"}));
}

TEST(Histogram, CounterStopsAtTwoToThe24PerHalf) {  // as float32 counters do in torch.histc on two threads
  const std::vector<float> zeros((size_t{1} << 25) + 100, 0.0f);
  EXPECT_EQ(histc(zeros.data(), static_cast<int64_t>(zeros.size()), 0, 1)[0], 33554432.0f);
}

}  // namespace
}  // namespace octet::quant
