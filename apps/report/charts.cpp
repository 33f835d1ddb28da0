// Each chart is 480 units wide and 120 high, with the numbers of its axis below.
#include "apps/report/charts.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "apps/report/html.h"
#include "nn/graph/ops/text.h"

namespace octet::apps {
namespace {

constexpr double kWidth = 480, kHeight = 120, kAxis = 16;  // the axis' numbers stand below

std::string number(float value) { return html(nn::shortest(std::abs(value) < 1e-6f ? 0.0f : std::round(value * 1e4f) / 1e4f)); }
std::string at(double v) { return fixed(v, 1); }

/// <svg ...> with the text that stands for it; below: what is drawn below the axis is so high.
std::string opened(const std::string& kind, const std::string& alternative, double below = 0) {
  return "<svg class=\"" + kind + "\" viewBox=\"0 0 " + at(kWidth) + " " + at(kHeight + kAxis + below) +
         "\" role=\"img\" aria-label=\"" + html(alternative) + "\">";
}

std::string label(double x, const char* anchored, const std::string& text) {
  return "<text x=\"" + at(x) + "\" y=\"" + at(kHeight + kAxis - 3) + "\" text-anchor=\"" + anchored + "\">" + text + "</text>";
}

std::string bar(const char* kind, double x, double width, double height) {
  return std::string("<rect class=\"") + kind + "\" x=\"" + at(x) + "\" y=\"" + at(kHeight - height) + "\" width=\"" + at(width) +
         "\" height=\"" + at(height) + "\"/>";
}

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return std::string("<line class=\"") + kind + "\" x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" + at(x2) + "\" y2=\"" +
         at(y2) + "\"/>";
}

struct Axis {
  float low, high;
  double x(double v) const { return high > low ? kWidth * (v - low) / (static_cast<double>(high) - low) : 0; }
};

/// Counts of bins between min and max on a logarithmic axis; those outside [range_min, range_max] are cut.
std::string columns(const quant::Histogram& counts, float min, float max, const Axis& axis, float range_min, float range_max) {
  constexpr size_t kColumns = 160;
  const size_t bins = counts.size(), together = (bins + kColumns - 1) / kColumns;
  std::vector<double> sums;
  for (size_t i = 0; i < bins; i += together) {
    double sum = 0;
    for (size_t j = i; j < std::min(bins, i + together); ++j) sum += static_cast<double>(counts[j]);
    sums.push_back(sum);
  }
  const double most = std::log10(1 + *std::ranges::max_element(sums));
  const double width = static_cast<double>(max - min) / static_cast<double>(sums.size());
  std::string svg;
  for (size_t i = 0; i < sums.size(); ++i) {
    if (sums[i] == 0) continue;
    const double begin = min + width * static_cast<double>(i), middle = begin + width / 2;
    svg +=
        bar(middle < range_min || middle > range_max ? "cut" : "seen", axis.x(begin),
            std::max(0.5, axis.x(begin + width) - axis.x(begin) - 0.3), kHeight * std::log10(1 + sums[i]) / std::max(most, 1e-9));
  }
  return svg;
}

}  // namespace

std::string draw(const HistogramChart& c) {
  // The axis begins and ends where the wider of the two does: codes may cover more than was seen.
  const Axis axis{std::min(c.min, c.range_min), std::max(c.max, c.range_max)};
  return opened("histogram", "Histogram of " + c.of + ": values from " + nn::shortest(c.min) + " to " + nn::shortest(c.max) +
                                 ", codes cover " + nn::shortest(c.range_min) + " to " + nn::shortest(c.range_max)) +
         columns(c.counts, c.min, c.max, axis, c.range_min, c.range_max) +
         line("range", axis.x(c.range_min), 0, axis.x(c.range_min), kHeight) +
         line("range", axis.x(c.range_max), 0, axis.x(c.range_max), kHeight) + label(0, "start", number(axis.low)) +
         label(kWidth, "end", number(axis.high)) + "</svg>";
}

std::string draw(const ObserverRanges& c) {
  constexpr double kLine = 15;
  Axis axis{c.min, c.max};
  std::string alternative = "Histogram of " + c.of + ", and the range of each observer:";
  for (const auto& choice : c.choices) {
    axis = {std::min(axis.low, choice.low), std::max(axis.high, choice.high)};
    alternative += " " + choice.observer + " " + nn::shortest(choice.low) + " to " + nn::shortest(choice.high) + ";";
  }
  std::string svg = opened("histogram", alternative, kLine * static_cast<double>(c.choices.size())) +
                    columns(c.counts, c.min, c.max, axis, c.min, c.max) + label(0, "start", number(axis.low)) +
                    label(kWidth, "end", number(axis.high));
  double y = kHeight + kAxis + kLine / 2;
  for (const auto& choice : c.choices) {
    svg += line("range", axis.x(choice.low), y, axis.x(choice.high), y);
    for (const float end : {choice.low, choice.high}) svg += line("range", axis.x(end), y - 4, axis.x(end), y + 4);
    svg += "<text class=\"small\" x=\"" + at((axis.x(choice.low) + axis.x(choice.high)) / 2) + "\" y=\"" + at(y - 3) +
           "\" text-anchor=\"middle\">" + html(choice.observer) + "</text>";
    y += kLine;
  }
  return svg + "</svg>";
}

std::string draw(const ChannelRanges& c) {
  const float most = *std::ranges::max_element(c.largest);
  const auto n = static_cast<double>(c.largest.size());
  std::string svg = opened("channels", "Largest weight of each of " + std::to_string(c.largest.size()) + " output channels of " +
                                           c.of + "; the largest of all is " + nn::shortest(most));
  for (size_t k = 0; k < c.largest.size(); ++k) {
    const double share = most > 0 ? static_cast<double>(c.largest[k] / most) : 0;
    svg += bar(share < 0.25 ? "cut" : "seen", kWidth * static_cast<double>(k) / n,
               std::max(0.4, kWidth / n - (n < 160 ? 0.5 : 0)), kHeight * share);
  }
  svg += line("range", 0, 0.5, kWidth, 0.5);
  return svg + label(0, "start", "channel 0") + label(kWidth, "end", std::to_string(c.largest.size() - 1)) + "</svg>";
}

std::string draw(const WeightCodes& c) {
  const auto used = std::ranges::count_if(c.counts, [](float n) { return n > 0; });
  return opened("histogram", "Codes of the weights of " + c.of + ": " + std::to_string(used) + " of 256 occur") +
         columns(c.counts, -128, 128, {-128, 128}, -128, 128) + label(0, "start", "code -128") +
         label(kWidth / 2, "middle", "0") + label(kWidth, "end", "127") + "</svg>";
}

int64_t RangeGrowth::enough(double share) const {
  if (points.empty()) return 0;
  const Point& last = points.back();
  const double allowed = share * (static_cast<double>(last.max) - static_cast<double>(last.min));
  for (const Point& p : points)
    if (std::abs(static_cast<double>(last.max - p.max)) <= allowed && std::abs(static_cast<double>(last.min - p.min)) <= allowed)
      return p.images;
  return last.images;
}

std::string draw(const RangeGrowth& g) {
  const RangeGrowth::Point& last = g.points.back();
  const double low = last.min, span = std::max(1e-30, static_cast<double>(last.max) - low);
  const auto x_of = [&](int64_t images) { return kWidth * static_cast<double>(images) / static_cast<double>(last.images); };
  const auto y_of = [&](float v) { return kHeight - (kHeight - 2) * (v - low) / span - 1; };
  std::string above, below;
  for (const auto& p : g.points) {
    above += at(x_of(p.images)) + "," + at(y_of(p.max)) + " ";
    below += at(x_of(p.images)) + "," + at(y_of(p.min)) + " ";
  }
  return opened("growth", "Range of " + g.observer + " by number of images: at the end " + nn::shortest(last.min) + " to " +
                              nn::shortest(last.max)) +
         "<polyline class=\"range\" points=\"" + above + "\"/><polyline class=\"range\" points=\"" + below + "\"/>" +
         label(0, "start", "0 images") + label(kWidth, "end", std::to_string(last.images)) + "</svg>";
}

}  // namespace octet::apps
