#include "apps/common/calibrate.h"

#include "apps/common/progress.h"

namespace octet::apps {

Calibrated calibrate(const std::vector<const nn::Graph*>& prepared, const loaders::Imagenette& data,
                     const std::vector<size_t>& indices, const DatasetCalibration& o) {
  std::optional<Progress> progress;
  std::optional<loaders::Batches> batches;
  const auto begin_pass = [&](int pass) {
    const bool ranges = o.passes == quant::Passes::two && pass == 0;
    progress.reset();  // clears the bar of the pass before
    progress.emplace(ranges ? "find ranges" : "calibrate", std::ssize(indices), o.quiet);
    batches.emplace(data, indices, loaders::BatchOptions{.batch_size = o.batch_size, .transform = o.transform});
  };
  const auto next_batch = [&]() -> std::optional<Tensor> {
    const auto batch = batches->next();
    return batch ? std::optional(batch->images) : std::nullopt;
  };
  const int64_t images = quant::calibrate(
      prepared, next_batch,
      {.passes = o.passes, .device = o.device, .optimize = o.optimize, .begin_pass = begin_pass, .on_batch = [&](int64_t count) {
         progress->add(count);
       }});
  return {images, batches->skipped()};
}

}  // namespace octet::apps
