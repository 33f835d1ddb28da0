// GraphModule: a graph as a model that can be trained: its float layers' tensors are the parameters, and each node is recorded
// like a layer. This is how a graph that quant/ has prepared for quantization-aware training (QAT) is trained.
//
// A convolution with batch norm inside (op::Qat) computes, as torch.ao.nn.intrinsic.qat.ConvBn2d does, and a linear layer likewise,
//   factor[k] = bn.weight / sqrt(bn.running_var + eps)
//   y = batch_norm(conv2d(x, fake_quantize(weight * factor)) / factor)
// so that the weight is rounded as it will be when batch norm is folded into it, and the batch's statistics stay those of the
// convolution alone. Source: torch/ao/nn/intrinsic/qat/modules/conv_fused.py, _forward_approximate.
// PyTorch counterpart: torch.fx.GraphModule.
#pragma once

#include <map>

#include "nn/graph/graph.h"
#include "nn/graph/ops/function.h"
#include "nn/module.h"

namespace octet::nn {

/// A function of a graph that gradients pass, with tensors of its own: fake quantization.
class TrainableFunction : public TensorFunction {
 public:
  virtual Value forward(const Value& x) = 0;
  /// In PyTorch's order: "scale", "zero_point", ...
  virtual std::vector<NamedValue> buffers() const = 0;
};

class GraphModule : public Module {
 public:
  /// Copies the tensors; functions are shared with the graph. Keys are PyTorch's: "conv1.weight", "conv1.bn.weight",
  /// "conv1.weight_fake_quant.scale", "activation_post_process_0.scale". Throws Error for a node that cannot be trained.
  explicit GraphModule(const Graph& graph);

  /// The graph with the tensors as they are now (shared).
  Graph graph() const;

  /// Batch norm inside convolutions then uses its running statistics also in training, and leaves them alone.
  /// torch.ao.nn.intrinsic.qat.freeze_bn_stats.
  void freeze_batch_norm(bool frozen) { frozen_ = frozen; }

 protected:
  Value forward(const Value& x) override;

 private:
  struct Layer;
  Value parameter(const Node& node, const std::string& name) const;

  Graph graph_;
  std::map<const Node*, std::map<std::string, Value>> parameters_;
  bool frozen_ = false;
};

}  // namespace octet::nn
