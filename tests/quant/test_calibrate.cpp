// calibrate: what the observers see, in one pass and in two, and what it says of a batch that fails.
#include "quant/passes/calibrate.h"

#include <cmath>

#include "nn/graph/executor.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/prepare.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"
#include "tests/support/own_network.h"

namespace octet::quant {
namespace {

/// Each image louder than the one before, so that their order matters.
Tensor make_images() {
  Tensor images = test::random_floats({6, 3, 16, 16}, 1);
  for (int64_t i = 0; i < images.numel(); ++i) images.data<float>()[i] *= static_cast<float>(1 + i / (3 * 16 * 16));
  return images;
}
const Tensor kImages = make_images();

nn::Graph prepared_with(const std::string& kind) {
  QConfigMapping mapping = get_default_qconfig_mapping("qnnpack");
  QConfig qconfig = *mapping.global();
  qconfig.activation.kind = kind;
  qconfig.activation.percentile = 90;
  return prepare(test::trace_own_network(), mapping.set_global(qconfig));
}

/// kImages in batches of two, from these places.
class Batches {
 public:
  explicit Batches(std::vector<int64_t> places) : places_(std::move(places)) {}
  void rewind() { next_ = 0; }
  std::optional<Tensor> next() {
    if (next_ == places_.size()) return {};
    const int64_t place = places_[next_++];
    return kImages.slice(place, place + 2);
  }

 private:
  std::vector<int64_t> places_;
  size_t next_ = 0;
};

std::vector<QParams> answers(const nn::Graph& prepared) {
  std::vector<QParams> found;
  for (const ObserverInfo& info : observers(prepared)) found.push_back(info.observer->calculate_qparams());
  return found;
}

std::vector<QParams> calibrated(const std::string& kind, std::vector<int64_t> places, Passes passes) {
  nn::Graph prepared = prepared_with(kind);
  Batches batches(std::move(places));
  int begun = 0;
  const int64_t images = calibrate(prepared, [&] { return batches.next(); }, {.passes = passes, .begin_pass = [&](int pass) {
                                                                                EXPECT_EQ(pass, begun++);
                                                                                batches.rewind();
                                                                              }});
  EXPECT_EQ(images, 6);
  EXPECT_EQ(begun, passes == Passes::two ? 2 : 1);
  return answers(prepared);
}

TEST(Calibrate, IsTheGraphRunOverTheBatches) {
  nn::Graph by_hand = prepared_with("HistogramObserver"), prepared = prepared_with("HistogramObserver");
  for (int64_t i = 0; i < 6; i += 2) nn::run(by_hand, kImages.slice(i, i + 2));
  Batches batches({0, 2, 4});
  std::vector<int64_t> counts;
  EXPECT_EQ(calibrate(prepared, [&] { return batches.next(); },
                      {.optimize = false, .on_batch = [&](int64_t images) { counts.push_back(images); }}),
            6);
  EXPECT_EQ(answers(prepared), answers(by_hand));
  EXPECT_EQ(counts, (std::vector<int64_t>{2, 2, 2}));
}

TEST(Calibrate, TheOptimizedCopyHasTheSameObservers) {
  auto plain = prepared_with("MinMaxObserver"), optimized = prepared_with("MinMaxObserver");
  Batches batches({0, 2, 4});
  calibrate(plain, [&] { return batches.next(); }, {.optimize = false});
  batches.rewind();
  calibrate(optimized, [&] { return batches.next(); });
  const auto a = observers(plain), b = observers(optimized);
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i].observer->max(), b[i].observer->max(), 1e-4f * std::fabs(a[i].observer->max())) << a[i].name;
}

TEST(Calibrate, TwoPassesDoNotDependOnTheOrder) {
  EXPECT_EQ(calibrated("PercentileObserver", {0, 2, 4}, Passes::two), calibrated("PercentileObserver", {4, 0, 2}, Passes::two));
  EXPECT_NE(calibrated("PercentileObserver", {0, 2, 4}, Passes::one), calibrated("PercentileObserver", {4, 0, 2}, Passes::one));
  EXPECT_TRUE(test::fails_with([] { calibrated("MovingAverageMinMaxObserver", {0, 2, 4}, Passes::two); }, {"order"}));
}

TEST(Calibrate, SeveralGraphsSeeTheSameBatches) {
  nn::Graph first = prepared_with("MinMaxObserver"), second = prepared_with("MseObserver");
  Batches batches({0, 2, 4});
  EXPECT_EQ(calibrate({&first, &second}, [&] { return batches.next(); }), 6);
  EXPECT_EQ(answers(first), calibrated("MinMaxObserver", {0, 2, 4}, Passes::one));
  EXPECT_EQ(answers(second), calibrated("MseObserver", {0, 2, 4}, Passes::one));
}

TEST(Calibrate, SaysWhichImagesFail) {
  nn::Graph prepared = prepared_with("MinMaxObserver");
  int batch = 0;
  const auto next = [&]() -> std::optional<Tensor> {
    return batch++ == 0 ? kImages.slice(0, 2) : Tensor::full({3, 3, 16, 16}, INFINITY);
  };
  EXPECT_TRUE(test::fails_with([&] { calibrate(prepared, next); },
                               {"calibration, images 2 to 4: ", "activation_post_process_0", "infinity"}));
  EXPECT_EQ(calibrate(prepared, [] { return std::optional<Tensor>(); }), 0);
}

}  // namespace
}  // namespace octet::quant
