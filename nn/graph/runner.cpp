#include "nn/graph/runner.h"

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "nn/graph/ops/function.h"
#include "tensor/cuda/runtime.h"

namespace octet::nn {

/// Input and output stay where they are; a run copies into the one and out of the other.
struct Runner::Captured {
  Tensor x, y;
  cuda::Replay replay;

  Captured(const Graph& graph, const Tensor& example)
      : x(example.clone()), replay([this, &graph] {
          y = Tensor();  // of the first time
          y = run(graph, x);
        }) {}
};

namespace {

size_t weight_bytes(const Node& node) {
  const Tensor codes = int8_weight(node.op), weight = codes.defined() ? codes : node.parameter("weight");
  return weight.defined() ? weight.nbytes() : 0;
}

/// How many leading steps run on parts of a batch. They end before the first large weight, and where no later step needs more
/// than one of their results.
size_t after_small_weights(const Plan& plan) {
  constexpr size_t kLarge = 384 << 10;  // bytes, as measured on ResNet18 (bench/RESULTS.md)
  const std::vector<Plan::Step>& steps = plan.steps();
  size_t whole_from = 0;
  int64_t wanted = 0;  // results so far that a later node reads
  for (size_t i = 0; i < steps.size() && weight_bytes(*steps[i].node) < kLarge; ++i) {
    for (const Plan::Operand& input : steps[i].inputs) wanted -= input.last_use;
    wanted += steps[i].is_read;
    const NodeKind kind = steps[i].node->kind;
    const bool alone = wanted <= 1 && (steps[i].is_read || kind == NodeKind::output);
    if (alone && kind != NodeKind::placeholder) whole_from = i + 1;
  }
  return whole_from;
}

/// A layer in training counts, too: each run observes or rounds its weight again.
bool observes(const Node& node) {
  const auto* call = get_if<op::Function>(node.op);
  return (call && call->function->observes()) || qat_of(node.op);
}

}  // namespace

Runner::Runner(const Graph& graph)
    : graph_(graph),
      plan_(graph),
      observes_(std::ranges::any_of(graph.nodes(), observes)),
      whole_from_(after_small_weights(plan_)) {}

Runner::~Runner() = default;
Runner::Runner(Runner&&) noexcept = default;

Tensor Runner::operator()(const Tensor& x, const NodeCallback& on_node) {
  const bool on_cuda = graph_.device() == Device::cuda;
  if (observes_ || (on_cuda && on_node)) return run(graph_, x, on_node);
  OCTET_CHECK(plan_.inputs() == 1 && plan_.outputs() == 1, "the network has ", plan_.inputs(), " inputs and ", plan_.outputs(),
              " results, expected one of each; call it with a Batch");
  return on_cuda ? replay(x) : run_in_parts(x, on_node);
}

std::vector<Tensor> Runner::operator()(const Batch& x, const NodeCallback& on_node) {
  Execution execution(plan_);
  execution.run(0, plan_.steps().size(), x, on_node);
  std::vector<Tensor> results = execution.results();
  for (Tensor& result : results) result = result.to(x.device());
  return results;
}

Tensor Runner::run_in_parts(const Tensor& x, const NodeCallback& on_node) const {
  const int64_t images = x.dim() > 0 ? x.size(0) : 0, at_once = omp_get_max_threads();
  const size_t end = plan_.steps().size();
  if (images <= at_once || whole_from_ == 0) return Execution(plan_).run(0, end, x, on_node).to(x.device());
  Tensor all;
  for (int64_t first = 0; first < images; first += at_once) {
    const Tensor part = Execution(plan_).run(0, whole_from_, x.slice(first, std::min(images, first + at_once)), on_node);
    if (first == 0) {
      Shape shape = part.shape();
      shape[0] = images;
      all = Tensor(shape, part.dtype());
    }
    std::memcpy(all.bytes() + first * (all.nbytes() / images), part.bytes(), part.nbytes());
  }
  if (whole_from_ == end) return all.to(x.device());
  Execution rest(plan_);
  rest.set(whole_from_ - 1, all);
  return rest.run(whole_from_, end, x, on_node).to(x.device());
}

Tensor Runner::replay(const Tensor& x) {
  const Tensor on_device = x.to(Device::cuda);
  std::unique_ptr<Captured>& captured = by_shape_[x.shape()];
  if (!captured)
    captured = std::make_unique<Captured>(graph_, on_device);
  else
    cuda::copy_on_device(captured->x.cuda_bytes(), on_device.cuda_bytes(), on_device.nbytes());
  captured->replay();
  return x.on_cuda() ? captured->y.clone() : captured->y.to(Device::cpu);
}

}  // namespace octet::nn
