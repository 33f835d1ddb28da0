// HistogramObserver's search with eight bins and four codes, small enough to follow; and with its 2048 bins and 256 codes on a real layer.
#include <nlohmann/json.hpp>

#include "apps/common/cli.h"
#include "apps/lesson/lesson.h"
#include "loaders/checkpoints/pth.h"
#include "quant/observers/histogram_observer.h"

namespace octet::apps {
namespace {

/// 100 values between 0 and 8: most are small, two are not.
const quant::Histogram kCounts = {30, 34, 22, 10, 2, 0, 0, 2};
constexpr double kCodes = 4;

void tell_range(std::ostream& out, int64_t start, int64_t end, float error) {
  const double width = static_cast<double>(end - start + 1) / kCodes;
  out << "  bins " << start << " to " << end << ", codes of width " << number("%.2f", width) << ": error "
      << number("%6.3f", error) << "\n";
}

/// The same on real values: a layer's weights, as they are in the checkpoint.
void tell_layer(std::ostream& out, nlohmann::json& numbers) {
  const StateDict state = loaders::load_pth(data_file("resnet18-imagenette-fastai.pth"));
  const Tensor values = state.find("0.4.0.conv1.weight")->tensor.to(DType::f32);
  quant::HistogramObserver observer(quant::QSpec{});
  observer.observe(values);
  const auto range = observer.range();
  const quant::QParams q = observer.calculate_qparams();
  const quant::Histogram histogram = observer.histogram();
  const auto bin_of = [&](float x) { return static_cast<int64_t>((x - observer.min()) / observer.bin_width() + 0.5); };
  const int64_t start = bin_of(range.min), end = bin_of(range.max) - 1;
  int64_t outside = 0;
  for (int64_t i = 0; i < values.numel(); ++i) {
    const float x = values.data<float>()[i];
    outside += x < range.min || x > range.max;
  }
  out << "0.4.0.conv1.weight, " << values.numel() << " values from " << number("%.4f", observer.min()) << " to "
      << number("%.4f", observer.max()) << ", 2048 bins, 256 codes\n";
  const auto tell = [&](const char* what, int64_t first, int64_t last) {
    out << "  " << what << ", bins " << first << " to " << last << ": error "
        << number("%.6f", quant::quantization_error(histogram, observer.bin_width(), first, last)) << "\n";
  };
  tell("the whole range", 0, quant::kBins - 1);
  tell("the range found", start, end);
  out << "  " << outside << " values outside of it; scale " << number("%.6f", q.scale) << ", zero point " << q.zero_point << "\n";
  numbers["layer"] = {
      {"min", observer.min()}, {"max", observer.max()}, {"counts", histogram}, {"low", range.min}, {"high", range.max}};
}

}  // namespace

void tell_histogram(std::ostream& out, nlohmann::json& numbers) {
  out << "bins  0..1 1..2 2..3 3..4 4..5 5..6 6..7 7..8\n"
      << "count" << row("%5.0f", kCounts) << "     4 codes\n";
  numbers["counts"] = kCounts;
  for (const auto& [start, end] : {std::pair{0, 7}, {0, 6}, {0, 5}, {0, 4}, {0, 3}, {0, 2}, {1, 4}}) {
    const float error = quant::quantization_error(kCounts, 1, start, end, kCodes);
    tell_range(out, start, end, error);
    numbers["ranges"].push_back({start, end, error});
  }
  tell_layer(out, numbers);
}

}  // namespace octet::apps
