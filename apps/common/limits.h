// What a network from a file may cost: --max-memory and --max-work, held against nn/graph/cost.h before the network runs.
#pragma once

#include <string>

#include "apps/common/cli.h"
#include "apps/common/data.h"
#include "loaders/checkpoints/model_card.h"
#include "nn/graph/cost.h"

namespace octet::apps {

/// Bytes that this process may use at most: the machine's memory, or less where a limit is set (ulimit -v, a container's).
int64_t memory_of_machine();

/// The options' limits. Without --max-memory three quarters of memory_of_machine(); none on a GPU, which has its own memory.
nn::CostLimits cost_limits(const CommonOptions& options);

/// [images, channels, size, size], at most as many images as there are.
Shape input_shape(const loaders::ModelCard& card, int64_t batch_size, size_t images);
/// The same of what is calibrated on, which may be tensors: one shape for each input of the graph.
std::vector<Shape> input_shapes(const CalibrationSet& set, const nn::Graph& graph, const loaders::ModelCard& card,
                                int64_t batch_size);

/// Checks a graph before it runs on inputs of a shape; the same shape is checked once.
class CostCheck {
 public:
  /// graph: as it was loaded, before optimize_for_inference; it must live as long. where: errors begin with it.
  CostCheck(const nn::Graph& graph, const CommonOptions& options, std::string where)
      : graph_(graph), limits_(cost_limits(options)), where_(std::move(where)) {}

  void operator()(const std::vector<Shape>& inputs);
  void operator()(const Shape& input) { (*this)(std::vector<Shape>{input}); }

 private:
  const nn::Graph& graph_;
  nn::CostLimits limits_;
  std::string where_;
  std::vector<Shape> checked_;
};

}  // namespace octet::apps
