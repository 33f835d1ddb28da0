// observers.html and observers.json, which compare_observers writes: what each observer makes of the same values.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "quant/observers/histogram.h"

namespace octet::apps {

/// One way to quantize, and what came of it. Shares are from 0 to 1.
struct ObserverRow {
  std::string activations, weights;  // observers
  bool per_channel;                  // of weights
  std::optional<double> top1;        // none without labels
  double sqnr, clipped;              // of the logits, in decibels; of all activations
};

/// A value that is observed, and the range that each observer gives its codes.
struct ObservedValue {
  std::string name;
  quant::Histogram counts;  // of what calibration saw, between min and max
  float min, max;
  struct Choice {
    std::string observer;
    float low, high;
    double clipped;  // share of the evaluated values that lie outside
  };
  std::vector<Choice> choices;
};

struct ObserversPage {
  std::string source, backend, calibrated_on;
  int64_t calibrated, evaluated;  // images
  std::optional<double> float_top1;
  std::vector<ObserverRow> rows;
  std::vector<ObservedValue> values;  // in the order of the graph
};

std::string observers_html(const ObserversPage& page);
nlohmann::json observers_json(const ObserversPage& page);

}  // namespace octet::apps
