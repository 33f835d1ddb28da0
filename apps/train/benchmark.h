// train_or_load --benchmark-steps: training steps on random images, timed: of ResNet18, or of the network of --weights.
//
// The same step as bench/train_step.py times in PyTorch: forward, cross entropy, backward, SGD with momentum; no data loading.
#pragma once

#include "nn/models/from_checkpoint.h"

namespace octet::apps {

struct BenchmarkOptions {
  int steps = 6, size = 128, batch_size = 64;
  Device device = Device::cpu;
};

/// Prints "octet train SIZE BATCH THREADS images_per_second peak_rss_mb", octet-cuda on a GPU; the median step, of all but the
/// first.
void benchmark_training(const nn::LoadedModel& start, const BenchmarkOptions& options);

}  // namespace octet::apps
