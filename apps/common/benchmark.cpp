#include "apps/common/benchmark.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/common/cli.h"
#include "apps/common/stopwatch.h"
#include "nn/graph/executor.h"
#include "nn/graph/print.h"
#include "nn/graph/runner.h"
#include "nn/graph/timing.h"
#include "ops/cpu/peak.h"
#include "tensor/cuda/runtime.h"
#include "tensor/random.h"
#include "tensor/text.h"

namespace octet::apps {
namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void show_layers(const nn::Graph& graph, const Tensor& x, double seconds) {
  for (const nn::NodeTime& t : nn::time_nodes(graph, x, seconds))
    std::printf("%9.4f ms %7.1f G/s  %-14s  %-24s %s\n", t.ms, t.multiply_adds / t.ms / 1e6, t.algorithm.c_str(),
                t.node->name.c_str(), nn::describe(*t.node).c_str());
}

/// The instruction's multiply-adds a second; prints it. 0 where the kernels are portable.
double show_peak(size_t which, const char* of) {
  const auto loops = ops::cpu::peak_loops();
  if (which >= loops.size()) return 0;
  const double peak = ops::cpu::measure_peak(loops[which]);
  std::printf("peak of %s on this machine, %s: %.0f G multiply-adds/s\n", of, loops[which].instruction, peak / 1e9);
  return peak;
}

double share(const nn::NodeTime& t, double peak) { return peak == 0 ? 0 : t.multiply_adds / t.ms * 1e3 / peak; }

std::string share_text(double share) { return share == 0 ? "" : std::to_string(std::lround(100 * share)) + " %"; }

}  // namespace

LayerTimes time_layers(const nn::Graph& float_graph, const nn::Graph& int8_graph, const Shape& image, double seconds) {
  Generator generator(0);
  const Tensor x = randn(image, generator);
  std::printf("\none image of %lld px, %d threads\n", static_cast<long long>(image.at(2)), omp_get_max_threads());
  const double float_peak = show_peak(0, "float"), int8_peak = show_peak(1, "int8");
  const auto floats = nn::time_nodes(float_graph, x, seconds), codes = nn::time_nodes(int8_graph, x, seconds);
  LayerTimes times;
  for (const nn::NodeTime& t : floats)
    if (t.multiply_adds == 0) times.float_rest_ms += t.ms;
  for (const nn::NodeTime& t : codes) {
    if (t.multiply_adds == 0) {
      times.rest_ms += t.ms;
      continue;
    }
    LayerTime layer{t.node->target, t.algorithm, t.ms, t.multiply_adds, share(t, int8_peak)};
    const auto twin = std::ranges::find_if(
        floats, [&](const nn::NodeTime& f) { return f.multiply_adds != 0 && f.node->target == t.node->target; });
    if (twin != floats.end()) {
      layer.float_algorithm = twin->algorithm;
      layer.float_ms = twin->ms;
      layer.float_share = share(*twin, float_peak);
    }
    times.layers.push_back(std::move(layer));
  }
  return times;
}

void show_layer_times(const LayerTimes& times) {
  std::printf("%-26s %-14s %9s %9s %7s | %-9s %9s %7s | %s\n", "layer", "int8 by", "ms", "G/s", "share", "float by", "ms",
              "share", "float/int8");
  double total = 0, float_total = 0;
  for (const LayerTime& t : times.layers) {
    total += t.ms;
    float_total += t.float_ms;
    std::printf("%-26s %-14s %9.4f %9.1f %7s | ", printable(t.layer).c_str(), t.algorithm.c_str(), t.ms,
                t.multiply_adds / t.ms / 1e6, share_text(t.share).c_str());
    if (t.float_ms == 0)
      std::printf("\n");
    else
      std::printf("%-9s %9.4f %7s | %.2f\n", t.float_algorithm.c_str(), t.float_ms, share_text(t.float_share).c_str(),
                  t.float_ms / t.ms);
  }
  std::printf("%-26s %-14s %9.4f %9s %7s | %-9s %9.4f\n", "all else", "", times.rest_ms, "", "", "", times.float_rest_ms);
  const double all = total + times.rest_ms, float_all = float_total + times.float_rest_ms;
  std::printf("%-26s %-14s %9.4f %9s %7s | %-9s %9.4f %7s | %.2f\n", "together", "", all, "", "", "", float_all, "",
              float_all / all);
  std::printf(
      "multiply-adds are those of the plain sum of products: Winograd does a quarter of them, on int16 at half the speed\n");
}

void benchmark_inference(const nn::Graph& graph, const InferenceBenchmark& o) {
  constexpr int kWarmUp = 3;
  constexpr size_t kAtLeast = 5;
  Generator generator(0);
  const Tensor x = randn({o.batch_size, o.channels, o.image_size, o.image_size}, generator).to(graph.device());
  nn::Runner runner(graph);
  const auto run = [&] {
    runner(x);
    if (x.on_cuda()) cuda::synchronize();
  };
  for (int i = 0; i < kWarmUp; ++i) run();
  std::vector<double> ms;
  for (const Stopwatch all; ms.size() < kAtLeast || all.seconds() < o.seconds;) {
    const Stopwatch one;
    run();
    ms.push_back(1e3 * one.seconds());
  }
  if (o.layers) show_layers(graph, x, o.seconds);
  const bool int8 =
      std::ranges::any_of(graph.nodes(), [](const nn::Node& node) { return nn::is<nn::op::QuantizedConv2d>(node.op); });
  std::printf("octet-%s%s %d %d %.3f %.3f %zu %lld\n", int8 ? "int8" : "float", x.on_cuda() ? "-cuda" : "", omp_get_max_threads(),
              o.batch_size, std::ranges::min(ms), median(ms), ms.size(), static_cast<long long>(peak_memory() >> 20));
}

}  // namespace octet::apps
