// What quantize writes beside its model for people and programs to look at: report.json (docs/report.md) and report.html.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/common/report.h"
#include "apps/report/page.h"

namespace octet::apps {

/// Notes the range of each observer while a calibration goes on.
class GrowthRecorder {
 public:
  explicit GrowthRecorder(const nn::Graph& prepared) : observers_(quant::observers(prepared)) {}
  /// Called after each batch, with the number of images that the pass has shown so far. Ranges are found in the first pass.
  void operator()(int pass, int64_t images);
  const std::vector<RangeGrowth>& growth() const { return growth_; }

 private:
  std::vector<quant::ObserverInfo> observers_;
  std::vector<RangeGrowth> growth_;
};

/// How the middle output of the first int8 layer comes about, line by line; nothing where there is no such layer.
std::vector<std::string> first_layer_by_hand(const nn::Graph& int8, const nn::Batch& image);

/// Both files in `folder`, each whole or not at all. json: the report, with what page.report does not say.
void write_reports(const std::string& folder, const nlohmann::json& json, const Page& page);

}  // namespace octet::apps
