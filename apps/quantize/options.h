// What `quantize` can be told.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/common/card_options.h"
#include "apps/common/cli.h"
#include "apps/common/data.h"
#include "apps/common/qconfig_options.h"

namespace octet::apps {

struct QuantizeOptions {
  CommonOptions common;
  DataOptions data;
  CalibrationOptions calibrate_on;
  CardOptions card;
  QConfigOptions qconfig;
  std::string subset = "first", output, dump, calibration = "one-pass", image;
  std::vector<std::string> export_to;
  int64_t limit = 0, eval_limit = 0;
  double benchmark = 0;
  bool verbose = false, fake_quant = true, force = false;
};

void add_quantize_options(CLI::App& app, QuantizeOptions& options);

/// Options that parse, but not together, and files that would be overwritten. Makes the folder of --output. Throws
/// CLI::ValidationError and Error.
void check_usage(const CLI::App& app, const QuantizeOptions& options);

/// What was asked for, for report.json (docs/report.md).
nlohmann::json inputs_json(const QuantizeOptions& options);

}  // namespace octet::apps
