// The curves of a training as a self-contained SVG: a panel for the losses, one for the accuracy, epochs to the right.
#include <algorithm>
#include <cmath>

#include "apps/common/output_paths.h"
#include "apps/train/history.h"
#include "tensor/error.h"

namespace octet::apps {
namespace {

constexpr int kWidth = 420, kHeight = 260, kMargin = 48;  // of a panel, and of its plot within it

struct Curve {
  const char *name, *colour;
  std::vector<double> values;  // one per epoch
};

/// A step of 1, 2 or 5 times a power of ten that cuts the range into at most six.
double tick_step(double range) {
  const double rough = std::max(range, 1e-6) / 6, power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) return factor * power;
  return 10 * power;
}

std::string text(double x, double y, const char* anchor, const std::string& words, const char* colour = "#444") {
  return str("<text x='", x, "' y='", y, "' text-anchor='", anchor, "' fill='", colour, "'>", words, "</text>\n");
}

std::string panel(int left, const char* title, const std::vector<Curve>& curves) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  size_t epochs = 0;
  for (const Curve& curve : curves) {
    epochs = std::max(epochs, curve.values.size());
    for (double value : curve.values) low = std::min(low, value), high = std::max(high, value);
  }
  if (epochs == 0) return "";
  const double step = tick_step(high - low);
  low = std::floor(low / step) * step;
  high = std::max(std::ceil(high / step) * step, low + step);
  const auto x = [&](size_t epoch) {
    return left + kMargin +
           (kWidth - 1.5 * kMargin) * static_cast<double>(epoch) / static_cast<double>(std::max<size_t>(1, epochs - 1));
  };
  const auto y = [&](double value) { return kHeight - kMargin - (kHeight - 2 * kMargin) * (value - low) / (high - low); };

  std::string out = text(left + kWidth / 2.0, kMargin / 2.0, "middle", title);
  for (double tick = low; tick <= high + step / 2; tick += step) {
    out += str("<line x1='", x(0), "' x2='", x(epochs - 1), "' y1='", y(tick), "' y2='", y(tick), "' stroke='#ddd'/>\n");
    out += text(x(0) - 6, y(tick) + 4, "end", str(std::round(tick / step) * step));
  }
  const size_t every = std::max<size_t>(1, static_cast<size_t>(tick_step(static_cast<double>(epochs))));
  for (size_t epoch = 0; epoch < epochs; epoch += every) out += text(x(epoch), kHeight - kMargin + 16, "middle", str(epoch));
  out += text(left + kWidth / 2.0, kHeight - kMargin + 34, "middle", "epoch");
  double name_x = left + kMargin;
  for (const Curve& curve : curves) {
    std::string points;
    for (size_t epoch = 0; epoch < curve.values.size(); ++epoch) points += str(x(epoch), ",", y(curve.values[epoch]), " ");
    out += str("<polyline points='", points, "' fill='none' stroke='", curve.colour, "' stroke-width='2'/>\n");
    out += text(name_x, kMargin - 8, "start", curve.name, curve.colour);
    name_x += 90;
  }
  return out;
}

}  // namespace

std::string curves_svg(const History& history) {
  Curve train{"train_loss", "#1f77b4", {}}, valid{"valid_loss", "#d62728", {}}, accuracy{"accuracy", "#2ca02c", {}};
  for (const Epoch& e : history) {
    train.values.push_back(e.train_loss);
    valid.values.push_back(e.valid_loss);
    accuracy.values.push_back(e.accuracy);
  }
  return str(kCurvesBegin, 2 * kWidth, "' height='", kHeight,
             "' font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n",
             panel(0, "loss", {train, valid}), panel(kWidth, "accuracy", {accuracy}), "</svg>\n");
}

}  // namespace octet::apps
