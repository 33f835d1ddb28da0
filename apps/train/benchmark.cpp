#include "apps/train/benchmark.h"

#include <omp.h>

#include <algorithm>
#include <iomanip>
#include <iostream>

#include "apps/common/cli.h"
#include "apps/common/stopwatch.h"
#include "nn/optim/sgd.h"
#include "tensor/cuda/runtime.h"

namespace octet::apps {

void benchmark_training(const nn::LoadedModel& start, const BenchmarkOptions& o) {
  keep_freed_memory();
  Generator generator(0);
  nn::Module& model = *start.model;
  model.train();
  model.to(o.device);
  nn::Sgd optimizer(nn::decay_groups(model.state(), 0.01, 0), {.momentum = 0.9});
  const Tensor images = randn({o.batch_size, start.channels, o.size, o.size}, generator).to(o.device);
  std::vector<int> labels;
  for (int n = 0; n < o.batch_size; ++n)
    labels.push_back(static_cast<int>(generator.below(static_cast<uint64_t>(start.classes))));
  std::vector<double> seconds;
  for (int step = 0; step < std::max(2, o.steps); ++step) {
    const Stopwatch watch;
    nn::Recording recording(nn::Recording::Purpose::backward);
    const nn::Value loss = nn::functional::cross_entropy(model(nn::Value(images)), labels);
    optimizer.clear_gradients();
    recording.backward(loss);
    optimizer.step();
    if (o.device == Device::cuda) cuda::synchronize();
    seconds.push_back(watch.seconds());
  }
  std::sort(seconds.begin() + 1, seconds.end());
  const double median = seconds[1 + (seconds.size() - 1) / 2];
  std::cout << (o.device == Device::cuda ? "octet-cuda train " : "octet train ") << o.size << " " << o.batch_size << " "
            << omp_get_max_threads() << " " << std::fixed << std::setprecision(1) << o.batch_size / median << " "
            << peak_memory() / (1 << 20) << "\n";
}

}  // namespace octet::apps
