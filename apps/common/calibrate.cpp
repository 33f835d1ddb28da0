#include "apps/common/calibrate.h"

#include <algorithm>

#include "apps/common/progress.h"

namespace octet::apps {

Calibrated calibrate(const std::vector<nn::Graph*>& prepared, const CalibrationSet& data, const std::vector<size_t>& indices,
                     const CalibrationRun& o) {
  std::optional<Progress> progress;
  std::optional<loaders::Batches> batches;
  size_t done = 0;  // of the tensors
  int pass_now = 0;
  int64_t shown = 0;
  const auto begin_pass = [&](int pass) {
    pass_now = pass;
    shown = 0;
    const bool ranges = o.passes == quant::Passes::two && pass == 0;
    progress.reset();  // clears the bar of the pass before
    progress.emplace(ranges ? "find ranges" : "calibrate", std::ssize(indices), o.quiet);
    done = 0;
    if (data.images)
      batches.emplace(*data.images, indices, loaders::BatchOptions{.batch_size = o.batch_size, .transform = o.transform});
  };
  const auto next_batch = [&]() -> std::optional<nn::Batch> {
    if (batches) {
      const auto batch = batches->next();
      return batch ? std::optional<nn::Batch>(batch->images) : std::nullopt;
    }
    if (done == indices.size()) return std::nullopt;
    const size_t begin = done;
    done = std::min(done + static_cast<size_t>(o.batch_size), indices.size());
    return data.batch({indices.begin() + static_cast<std::ptrdiff_t>(begin), indices.begin() + static_cast<std::ptrdiff_t>(done)},
                      o.transform, *prepared.at(0));
  };
  const int64_t images = quant::calibrate(
      prepared, next_batch,
      {.passes = o.passes, .device = o.device, .optimize = o.optimize, .begin_pass = begin_pass, .on_batch = [&](int64_t count) {
         progress->add(count);
         shown += count;
         if (o.on_batch) o.on_batch(pass_now, shown);
       }});
  return {images, batches ? batches->skipped() : std::vector<loaders::Skipped>()};
}

}  // namespace octet::apps
