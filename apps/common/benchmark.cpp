#include "apps/common/benchmark.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "apps/common/cli.h"
#include "nn/executor.h"
#include "tensor/random.h"

namespace octet::apps {

void benchmark_inference(const nn::Graph& graph, const InferenceBenchmark& o) {
  using Clock = std::chrono::steady_clock;
  constexpr int kWarmUp = 3;
  constexpr size_t kAtLeast = 5;
  Generator generator(0);
  const Tensor x = randn({o.batch_size, 3, o.image_size, o.image_size}, generator);
  for (int i = 0; i < kWarmUp; ++i) nn::run(graph, x);
  std::vector<double> ms;
  for (const auto begin = Clock::now();
       ms.size() < kAtLeast || std::chrono::duration<double>(Clock::now() - begin).count() < o.seconds;) {
    const auto start = Clock::now();
    nn::run(graph, x);
    ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::ranges::sort(ms);
  const bool int8 =
      std::ranges::any_of(graph.nodes(), [](const nn::Node& node) { return nn::is<nn::op::QuantizedConv2d>(node.op); });
  std::printf("octet-%s %d %d %.2f %.2f %zu %lld\n", int8 ? "int8" : "float", omp_get_max_threads(), o.batch_size, ms.front(),
              ms[ms.size() / 2], ms.size(), static_cast<long long>(peak_memory() >> 20));
}

}  // namespace octet::apps
