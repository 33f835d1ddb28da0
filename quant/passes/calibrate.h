// calibrate: shows images to a prepared graph, whose observers look on; afterwards convert has its numbers. Stage 4 of `quantize`.
//
//   images [N, C, H, W], batch by batch, no labels -> the prepared graph runs -> each observer knows the range of its values
// PyTorch counterpart: the loop `for images in data: prepared(images)` that its tutorials write.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "nn/graph/executor.h"

namespace octet::quant {

/// The next batch of images, float32 [N, C, H, W], or a tensor for each input; nothing at the end of a pass.
using NextBatch = std::function<std::optional<nn::Batch>()>;

enum class Passes {
  one,  // as PyTorch: each observer adjusts its histogram as it goes, so its answer depends on the order of the images
  two,  // ranges first, counts between them second: whatever the order and the batch size
};

struct CalibrateOptions {
  Passes passes = Passes::one;
  Device device = Device::cpu;
  /// Run a copy that nn/graph/passes/optimize_for_inference.h made faster, which shares the observers. Its floats differ from
  /// those of the graph in their last bits. It has no Winograd: ten times the rounding is enough for the range search to stop a step
  /// earlier or later than PyTorch's, which moved scales of deep networks by up to 2 %.
  bool optimize = true;
  /// Called before each pass, the first with 0: next_batch begins anew from there.
  std::function<void(int pass)> begin_pass = {};
  /// Called after each batch with the number of its images.
  std::function<void(int64_t images)> on_batch = {};
};

/// The graph changes in that its observers have seen the images; a clone() shares them, so it is calibrated, too.
/// Returns how many images the last pass had. Errors of the graph on a batch begin with "calibration, images 0 to 63: ". With two
/// passes: throws Error for an observer whose answer depends on the order all the same.
int64_t calibrate(nn::Graph& prepared, const NextBatch& next_batch, const CalibrateOptions& options = {});

/// Several graphs see each batch, which is then made once.
int64_t calibrate(const std::vector<nn::Graph*>& prepared, const NextBatch& next_batch, const CalibrateOptions& options = {});

}  // namespace octet::quant
