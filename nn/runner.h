// Runner: runs one graph many times. On CUDA each shape of input is captured when it first comes, as a CUDA graph, and then
// replayed: asking for some sixty kernels one by one takes the CPU longer than small batches take the device.
#pragma once

#include <map>
#include <memory>

#include "nn/graph.h"

namespace octet::nn {

class Runner {
 public:
  /// The graph must live as long as the runner.
  explicit Runner(const Graph& graph);
  ~Runner();
  Runner(Runner&&) noexcept;

  /// As nn/executor.h's run(): x float32 [N, 3, H, W] -> the output, on the device of x.
  Tensor operator()(const Tensor& x);

 private:
  struct Captured;

  const Graph& graph_;
  bool captures_;  // on CUDA, without observers, which wait for the device
  std::map<Shape, std::unique_ptr<Captured>> by_shape_;
};

}  // namespace octet::nn
