// report.html: what quantization did to a network, as one page to look at. One file: nothing is loaded from elsewhere, and without
// JavaScript all of it can be read. Its figures are those of report.json.
#pragma once

#include <string>
#include <vector>

#include "apps/common/benchmark.h"
#include "apps/common/report.h"
#include "apps/report/charts.h"
#include "quant/checks/node_errors.h"

namespace octet::apps {

struct Page {
  const Report& report;
  const nn::Graph& prepared;  // calibrated
  std::string source;         // of the weights: "resnet18.pth"
  std::string image;          // what activations are shown of: a file's name, or "a random image"
  const std::vector<RangeGrowth>& growth;
  const std::vector<LayerTime>& times;      // empty: not measured
  const std::vector<std::string>& by_hand;  // how one output of the first layer comes about (quant/explain/); may be empty
  double seconds;
};

std::string page_html(const Page& page);

/// The sections of all nodes (node_sections.cpp).
std::string node_sections(const Page& page);

/// Finds an observer of the prepared graph by its name; null if there is none.
const quant::Observer* observer_named(const Report& report, const std::string& name);

}  // namespace octet::apps
