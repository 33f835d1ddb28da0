// Runner: runs one graph many times, and batches fast.
//
// On the CPU the first layers run with as many images at a time as there are threads: their results are large, and so stay in the
// caches until the next layer reads them. From the first layer with large weights on, which are worth reading once for all
// images, the whole batch runs together. Integers are the same either way. Floats may differ in the last bits, because fewer
// images may have another algorithm.
//
// On CUDA each shape of input is captured when it first comes, as a CUDA graph, and then replayed: asking for some sixty kernels
// one by one takes the CPU longer than small batches take the device. PyTorch counterpart: torch.cuda.graph.
#pragma once

#include <map>
#include <memory>

#include "nn/graph/executor.h"

namespace octet::nn {

class Runner {
 public:
  /// The graph must live as long as the runner, and stay as it is.
  explicit Runner(const Graph& graph);
  ~Runner();
  Runner(Runner&&) noexcept;

  /// As nn/graph/executor.h's run(): x float32 [N, 3, H, W] -> the output, on the device of x. A graph that observes runs whole
  /// batches. on_node: after each part of the batch that a node has run on; with it nothing is replayed on CUDA.
  Tensor operator()(const Tensor& x, const NodeCallback& on_node = {});
  /// The same of a graph with any number of inputs and results, on whole batches.
  std::vector<Tensor> operator()(const Batch& x, const NodeCallback& on_node = {});

 private:
  struct Captured;

  Tensor run_in_parts(const Tensor& x, const NodeCallback& on_node) const;
  Tensor replay(const Tensor& x);

  const Graph& graph_;
  Plan plan_;
  bool observes_;      // observers want whole batches, and on CUDA wait for the device
  size_t whole_from_;  // the first step that runs on whole batches on the CPU
  std::map<Shape, std::unique_ptr<Captured>> by_shape_;
};

}  // namespace octet::nn
