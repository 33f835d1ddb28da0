// Charts as SVG, drawn from real numbers. Each has its text alternative; colours come from the page's style (page_style.h).
#pragma once

#include <string>
#include <vector>

#include "quant/observers/histogram.h"

namespace octet::apps {

/// What an observer saw, counts on a logarithmic axis, with the range that the codes cover; what lies outside is cut.
struct HistogramChart {
  std::string of;              // "layer1_0_conv1"
  quant::Histogram counts;     // of bins between min and max
  float min, max;              // of what was seen
  float range_min, range_max;  // of the codes
};
std::string draw(const HistogramChart& chart);

/// What was seen, and below it, line by line, the range that each observer would give the codes.
struct ObserverRanges {
  std::string of;
  quant::Histogram counts;
  float min, max;
  struct Choice {
    std::string observer;
    float low, high;
  };
  std::vector<Choice> choices;
};
std::string draw(const ObserverRanges& chart);

/// The largest magnitude of each output channel's weights, beside the range of one scale for all.
struct ChannelRanges {
  std::string of;
  std::vector<float> largest;  // of each channel
};
std::string draw(const ChannelRanges& chart);

/// A layer's weights on their grid: how often each code occurs, on a logarithmic axis.
struct WeightCodes {
  std::string of;
  quant::Histogram counts;  // of the codes -128 to 127
};
std::string draw(const WeightCodes& chart);

/// How a range grew with the number of images.
struct RangeGrowth {
  std::string observer;
  struct Point {
    int64_t images;
    float min, max;
  };
  std::vector<Point> points;  // in the order in which the images were seen

  /// The number of images after which neither end moved by more than this share of the final range.
  int64_t enough(double share) const;
};
std::string draw(const RangeGrowth& growth);

}  // namespace octet::apps
