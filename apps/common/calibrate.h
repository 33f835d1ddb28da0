// Calibrates graphs on images, with or without labels, or on tensors; with a progress bar.
#pragma once

#include <functional>

#include "apps/common/data.h"
#include "loaders/datasets/batches.h"
#include "quant/passes/calibrate.h"

namespace octet::apps {

struct CalibrationRun {
  int batch_size = 64;
  loaders::ImageTransform transform = {};
  bool quiet = false;
  quant::Passes passes = quant::Passes::one;
  Device device = Device::cpu;
  bool optimize = true;                                         // quant/passes/calibrate.h
  std::function<void(int pass, int64_t images)> on_batch = {};  // how many images the pass has shown so far
};

struct Calibrated {
  int64_t images = 0;
  std::vector<loaders::Skipped> skipped;  // unreadable images
};

/// indices: which images, in which order.
Calibrated calibrate(const std::vector<nn::Graph*>& prepared, const CalibrationSet& data, const std::vector<size_t>& indices,
                     const CalibrationRun& options);

}  // namespace octet::apps
