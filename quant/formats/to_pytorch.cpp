#include "quant/formats/to_pytorch.h"

#include <cstring>

#include "quant/formats/pytorch_keys.h"
#include "quant/passes/patterns.h"
#include "tensor/text.h"

namespace octet::quant {
namespace {

/// A norm of each image by itself.
bool has_norm(const nn::Op& op) { return nn::is<nn::op::GroupNorm>(op) || nn::is<nn::op::LayerNorm>(op); }

/// Writes down what convert asks for, under PyTorch's keys.
class Writer {
 public:
  Writer(const nn::Graph& prepared, const QConfigMapping& mapping) : prepared_(prepared), mapping_(mapping) {}

  QParams activation(const nn::Node& observer) {
    const QParams q = calibrated_qparams(observer);
    const nn::Node& observed = *observer.inputs[0];
    OCTET_CHECK(!nn::is<nn::op::Elu>(observed.op) || observed.kind != nn::NodeKind::call_module, "export: '", observed.target,
                "': PyTorch's QuantizedELU has no place for its scale in a state_dict; call torch.nn.functional.elu instead");
    const QParamKeys keys = qparam_keys(prepared_, observer);
    add(keys.scale, Tensor::full({}, q.scale));
    add(keys.zero_point, Tensor::from<int64_t>({q.zero_point}, {}, DType::i64));
    return q;
  }

  LayerWeights weights(const nn::Node& layer) {
    LayerWeights w = quantized_weights(layer, mapping_);
    const bool linear = nn::is<nn::op::Linear>(layer.op);
    StoredQParams q{{w.scale.begin(), w.scale.end()}, std::vector<int64_t>(w.scale.size(), 0), {}};
    if (mapping_.of(layer)->weight.per_channel) q.axis = 0;
    add(layer.target + (linear ? kPackedWeight : ".weight"), w.codes, q);
    const bool keeps_zeros = ops::int8::rules_of(mapping_.engine()).keeps_zero_bias;
    if (keeps_zeros && !w.bias.defined()) w.bias = Tensor::zeros({nn::output_channels(layer.op, w.codes)});
    if (w.bias.defined() || !linear) add(layer.target + (linear ? kPackedBias : ".bias"), w.bias);  // None of a convolution
    return w;
  }

  /// Adds the tensors of norms, which their int8 forms keep as floats, and of constants.
  void float_parameters(const nn::Node& node) {
    if (nn::is<nn::op::Affine>(node.op)) {
      const auto key = node.meta.find(nn::kConstantKey);  // a number of the code has none
      if (key != node.meta.end()) add(key->second, node.parameter("constant"));
      return;
    }
    const bool is_batch_norm = nn::is<nn::op::BatchNorm>(node.op), is_norm = has_norm(node.op);
    OCTET_CHECK(is_batch_norm || (is_norm && node.kind == nn::NodeKind::call_module), "export: '", node.target,
                "' is kept in float, for which PyTorch has other keys; quantize it, or save model.safetensors");
    for (const auto& [name, tensor] : node.parameters) add(node.target + "." + name, tensor);
    if (is_batch_norm) add(node.target + ".num_batches_tracked", Tensor::zeros({}, DType::i64));
  }

  StateDict finish() && { return std::move(state_); }

 private:
  /// A layer that is called twice comes twice, and has one place for its numbers.
  void add(const std::string& key, const Tensor& tensor, const std::optional<StoredQParams>& qparams = {}) {
    const StateEntry* there = state_.find(key);
    if (there == nullptr) return state_.add({key, tensor, qparams});
    const bool same = there->tensor.defined() == tensor.defined() && there->tensor.nbytes() == tensor.nbytes() &&
                      std::memcmp(there->tensor.bytes(), tensor.bytes(), tensor.nbytes()) == 0;
    OCTET_CHECK(same, "export: ", quoted(key),
                " would have two values: the layer is called twice, and PyTorch has one key for both");
  }

  const nn::Graph& prepared_;
  const QConfigMapping& mapping_;
  StateDict state_;
};

}  // namespace

StateDict state_dict_for_pytorch(const nn::Graph& prepared, const QConfigMapping& mapping) {
  Writer writer(prepared, mapping);
  for (const nn::Node& node : prepared.nodes())
    if (!node.parameters.empty() && (!is_quantized(node) || nn::is<nn::op::BatchNorm>(node.op) || has_norm(node.op)))
      writer.float_parameters(node);
  convert(prepared, {.activation = [&](const nn::Node& observer) { return writer.activation(observer); },
                     .weights = [&](const nn::Node& layer) { return writer.weights(layer); },
                     .engine = mapping.engine()});
  return std::move(writer).finish();
}

}  // namespace octet::quant
