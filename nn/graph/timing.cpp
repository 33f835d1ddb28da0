#include "nn/graph/timing.h"

#include <algorithm>
#include <chrono>

#include "nn/graph/ops.h"
#include "nn/graph/runner.h"
#include "tensor/cuda/runtime.h"

namespace octet::nn {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

double multiply_adds(const Node& node, const Shape& output, int64_t elements) {
  const Tensor codes = int8_weight(node.op), weight = codes.defined() ? codes : node.parameter("weight");
  if (!weight.defined() || weight.dim() < 2 || output.empty()) return 0;
  return static_cast<double>(elements) * static_cast<double>(weight.numel() / weight.size(0));
}

std::string algorithm(const Node& node, const Shape& input, Device device) {
  if (device == Device::cuda) return "";
  return visit(
      [&](const auto& o) -> std::string {
        if constexpr (requires { o.algorithm(input); })
          return o.algorithm(input);
        else
          return "";
      },
      node.op);
}

}  // namespace

std::vector<NodeTime> time_nodes(const Graph& graph, const Tensor& x, double seconds) {
  constexpr int kAtLeast = 3;
  Runner runner(graph);
  std::vector<NodeTime> times;
  std::unordered_map<const Node*, size_t> index;      // in times
  std::unordered_map<const Node*, Shape> shapes;      // of results
  runner(x, [&](const Node& node, const Tensor& y) {  // packs weights, too
    if (index.try_emplace(&node, times.size()).second) {
      const auto known = node.inputs.empty() ? shapes.end() : shapes.find(node.inputs[0]);
      Shape input = x.shape();
      if (known != shapes.end())
        input = known->second;
      else if (!y.shape().empty())
        input[0] = y.size(0);  // of the placeholder, or a part of it
      shapes[&node] = y.shape();
      times.push_back({&node, input, y.shape(), 0, 0, algorithm(node, input, graph.device())});
    }
    times[index.at(&node)].multiply_adds += multiply_adds(node, y.shape(), y.numel());
  });
  std::vector<std::vector<double>> ms(times.size());  // of each round
  const auto begin = Clock::now();
  for (int round = 0; round < kAtLeast || ms_since(begin) < 1e3 * seconds; ++round) {
    for (std::vector<double>& of_node : ms) of_node.push_back(0);
    auto last = Clock::now();
    runner(x, [&](const Node& node, const Tensor&) {
      if (graph.device() == Device::cuda) cuda::synchronize();
      ms[index.at(&node)].back() += ms_since(last);
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
