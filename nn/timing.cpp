#include "nn/timing.h"

#include <algorithm>
#include <chrono>

#include "nn/executor.h"
#include "tensor/cuda/runtime.h"

namespace octet::nn {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

double multiply_adds(const Node& node, const Shape& output, int64_t elements) {
  Tensor weight = node.parameter("weight");
  if (const auto* conv = std::get_if<op::QuantizedConv2d>(&node.op)) weight = conv->layer->params().weight;
  if (const auto* linear = std::get_if<op::QuantizedLinear>(&node.op)) weight = linear->layer->params().weight;
  if (!weight.defined() || weight.dim() < 2 || output.empty()) return 0;
  return static_cast<double>(elements) * static_cast<double>(weight.numel() / weight.size(0));
}

std::string algorithm(const Node& node, const Shape& input, Device device) {
  if (device == Device::cuda) return "";
  if (const auto* conv = std::get_if<op::QuantizedConv2d>(&node.op)) return name_of(conv->layer->algorithm(input));
  if (const auto* lowered = std::get_if<op::Lowered>(&node.op)) return lowered->algorithm ? lowered->algorithm(input) : "";
  return is<op::Conv2d>(node.op) ? "im2col" : "";
}

}  // namespace

std::vector<NodeTime> time_nodes(const Graph& graph, const Tensor& x, double seconds) {
  constexpr int kAtLeast = 3;
  std::vector<NodeTime> times;
  std::vector<std::vector<double>> ms;
  std::unordered_map<const Node*, Shape> shapes;
  run(graph, x);  // packs weights
  const auto begin = Clock::now();
  for (int round = 0; round < kAtLeast || ms_since(begin) < 1e3 * seconds; ++round) {
    size_t i = 0;
    auto last = Clock::now();
    run(graph, x, [&](const Node& node, const Tensor& y) {
      if (graph.device() == Device::cuda) cuda::synchronize();
      const double took = ms_since(last);
      if (i == times.size()) {
        shapes[&node] = y.shape();
        const auto known = node.inputs.empty() ? shapes.end() : shapes.find(node.inputs[0]);
        const Shape input = known == shapes.end() ? x.shape() : known->second;
        times.push_back(
            {&node, input, y.shape(), 0, multiply_adds(node, y.shape(), y.numel()), algorithm(node, input, graph.device())});
        ms.emplace_back();
      }
      ms[i++].push_back(took);
      last = Clock::now();
    });
  }
  for (size_t i = 0; i < times.size(); ++i) {
    std::ranges::nth_element(ms[i], ms[i].begin() + std::ssize(ms[i]) / 2);
    times[i].ms = ms[i][ms[i].size() / 2];
  }
  return times;
}

}  // namespace octet::nn
