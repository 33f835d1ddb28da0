// The options of `quantize` that choose observers and layers, and the QConfigMapping that they make.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace CLI {
class App;
}

namespace octet::apps {

struct QConfigOptions {
  std::string backend = "qnnpack";
  std::string observer, weight_observer;  // empty: the backend's
  std::optional<double> percentile;
  bool per_channel = false, per_tensor = false;  // neither: as the backend has it
  std::vector<std::string> keep_float;           // regular expressions of module names
  std::string file;                              // JSON, see quant/qconfig/qconfig_json.h
};

void add_qconfig_options(CLI::App& app, QConfigOptions& options);

/// The backend's default, changed by the file, then by the options. Throws Error for a file that does not say a mapping,
/// CLI::ValidationError for options that change nothing.
quant::QConfigMapping make_qconfig_mapping(const QConfigOptions& options);

/// Throws Error, naming the options, when they leave too little to quantize: an int8 model has an int8 convolution.
void check_any_quantized(const nn::Graph& prepared, const QConfigOptions& options);

}  // namespace octet::apps
