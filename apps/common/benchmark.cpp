#include "apps/common/benchmark.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "apps/common/cli.h"
#include "nn/executor.h"
#include "nn/print.h"
#include "tensor/random.h"

namespace octet::apps {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Of one image, given the layer's output; 0 for what is no convolution or linear layer.
double multiply_adds(const nn::Node& node, const Tensor& y) {
  Tensor weight = node.parameter("weight");
  if (const auto* conv = std::get_if<nn::op::QuantizedConv2d>(&node.op)) weight = conv->layer->params().weight;
  if (const auto* linear = std::get_if<nn::op::QuantizedLinear>(&node.op)) weight = linear->layer->params().weight;
  if (!weight.defined() || weight.dim() < 2) return 0;
  return static_cast<double>(y.numel() / y.size(0)) * static_cast<double>(weight.numel() / weight.size(0));
}

void show_layers(const nn::Graph& graph, const Tensor& x, double seconds) {
  struct Layer {
    std::string name, description;
    double multiply_adds = 0;
    std::vector<double> ms;
  };
  std::vector<Layer> layers;
  for (const auto begin = Clock::now(); layers.empty() || ms_since(begin) < 1e3 * seconds;) {
    size_t i = 0;
    auto last = Clock::now();
    nn::run(graph, x, [&](const nn::Node& node, const Tensor& y) {
      const double ms = ms_since(last);
      if (i == layers.size()) layers.push_back({node.name, nn::describe(node), multiply_adds(node, y), {}});
      layers[i++].ms.push_back(ms);
      last = Clock::now();
    });
  }
  for (const Layer& layer : layers) {
    const double ms = median(layer.ms), all = layer.multiply_adds * static_cast<double>(x.size(0));
    std::printf("%9.4f ms %7.1f G/s  %-24s %s\n", ms, all / ms / 1e6, layer.name.c_str(), layer.description.c_str());
  }
}

}  // namespace

void benchmark_inference(const nn::Graph& graph, const InferenceBenchmark& o) {
  constexpr int kWarmUp = 3;
  constexpr size_t kAtLeast = 5;
  Generator generator(0);
  const Tensor x = randn({o.batch_size, 3, o.image_size, o.image_size}, generator);
  for (int i = 0; i < kWarmUp; ++i) nn::run(graph, x);
  std::vector<double> ms;
  for (const auto begin = Clock::now(); ms.size() < kAtLeast || ms_since(begin) < 1e3 * o.seconds;) {
    const auto start = Clock::now();
    nn::run(graph, x);
    ms.push_back(ms_since(start));
  }
  if (o.layers) show_layers(graph, x, o.seconds);
  const bool int8 =
      std::ranges::any_of(graph.nodes(), [](const nn::Node& node) { return nn::is<nn::op::QuantizedConv2d>(node.op); });
  std::printf("octet-%s %d %d %.2f %.2f %zu %lld\n", int8 ? "int8" : "float", omp_get_max_threads(), o.batch_size,
              std::ranges::min(ms), median(ms), ms.size(), static_cast<long long>(peak_memory() >> 20));
}

}  // namespace octet::apps
