#include "nn/graph_module.h"

#include "nn/graph/ops.h"
#include "nn/graph/print.h"

namespace octet::nn {
namespace {

TrainableFunction& trainable(const std::shared_ptr<TensorFunction>& function, const Node& node) {
  auto* f = dynamic_cast<TrainableFunction*>(function.get());
  OCTET_CHECK(f != nullptr, "graph module: '", node.name, "' calls ", function->to_string(), ", which cannot be trained");
  return *f;
}

bool is_buffer(const std::string& name) { return name.ends_with("running_mean") || name.ends_with("running_var"); }

/// PyTorch's order within a layer.
const char* const kNames[] = {"weight",    "bias",    "running_mean",    "running_var",
                              "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"};

}  // namespace

GraphModule::GraphModule(const Graph& graph) : graph_(graph.clone()) {
  const size_t inputs = graph.placeholders().size(), results = graph.output().inputs.size();
  OCTET_CHECK(inputs == 1 && results == 1, "graph module: a network of ", inputs, " inputs and ", results,
              " results cannot be trained, expected one of each");
  const auto add_function = [&](const std::string& prefix, const std::shared_ptr<TensorFunction>& function, const Node& node) {
    for (const NamedValue& b : trainable(function, node).buffers()) add_buffer(prefix + "." + b.name, b.value);
  };
  std::map<std::string, const Node*> modules;  // by path
  for (const Node& node : graph_.nodes()) {
    std::map<std::string, Value>& mine = parameters_[&node];
    if (is<op::Affine>(node.op)) continue;  // numbers of the network's code
    if (!node.parameters.empty()) {
      OCTET_CHECK(node.kind == NodeKind::call_module, "graph module: '", node.name,
                  "' is a function with weights of its own, which cannot be trained; let a module hold them");
      const auto [first, is_new] = modules.emplace(node.target, &node);
      if (!is_new) {  // called again: the same tensors
        mine = parameters_.at(first->second);
        continue;
      }
    }
    // A batch norm with its relu is a Sequential of the two: torch.ao.nn.intrinsic.BNReLU2d.
    const auto* norm = get_if<op::BatchNorm>(node.op);
    const std::string path = node.target + (norm && norm->relu ? ".0." : ".");
    for (const std::string name : kNames) {
      const auto it = node.parameters.find(name);
      if (it == node.parameters.end()) continue;
      const std::string key = path + name;
      mine[name] = is_buffer(name) ? add_buffer(key, it->second.clone()) : add_parameter(key, it->second.clone());
      if (const size_t at = name.rfind("running_var"); at != std::string::npos) {
        const std::string count = name.substr(0, at) + "num_batches_tracked";
        mine[count] = add_buffer(path + count, Tensor::zeros({}, DType::i64));
      }
    }
    if (const op::Qat* qat = qat_of(node.op); qat && qat->weight_fake_quant)
      add_function(node.target + ".weight_fake_quant", qat->weight_fake_quant, node);
    if (const auto* call = get_if<op::Function>(node.op)) add_function(node.target, call->function, node);
  }
}

Value GraphModule::parameter(const Node& node, const std::string& name) const {
  const auto& mine = parameters_.at(&node);
  const auto it = mine.find(name);
  return it == mine.end() ? Value() : it->second;
}

Graph GraphModule::graph() const {
  Graph copy = graph_.clone();
  auto original = graph_.nodes().begin();
  for (Node& node : copy.nodes()) {
    if (!is<op::Affine>(node.op))
      for (auto& [name, tensor] : node.parameters) tensor = parameters_.at(&*original).at(name).tensor();
    ++original;
  }
  return copy;
}

/// One overload per op: the layer that a node stands for.
struct GraphModule::Layer {
  const GraphModule& model;
  const Node& node;
  std::vector<Value>& in;  // taken, so that an input that nobody else needs may be overwritten

  Value operator()(const op::Placeholder&) const { return in[0]; }
  Value operator()(const op::Output&) const { return in[0]; }
  Value operator()(const op::Conv2d& o) const {
    const auto conv2d = [&](const Value& weight, const Value& bias) {
      return functional::conv2d(in[0], weight, bias, o.options);
    };
    return activated(layer(conv2d, o.qat.get()), o.relu);
  }
  Value operator()(const op::ConvTranspose2d& o) const {
    return functional::conv_transpose2d(in[0], value("weight"), value("bias"), o.options);
  }
  Value operator()(const op::Linear& o) const {
    const auto linear = [&](const Value& weight, const Value& bias) { return functional::linear(in[0], weight, bias); };
    return activated(layer(linear, o.qat.get()), o.relu);
  }
  Value operator()(const op::BatchNorm& o) const { return activated(batch_norm(in[0], "", o, model.mode()), o.relu); }
  Value operator()(const op::Relu&) const { return activated(std::move(in[0]), true); }
  Value operator()(const op::Relu6&) const { return functional::relu6(in[0]); }
  Value operator()(const op::Sigmoid&) const { return functional::sigmoid(in[0]); }
  Value operator()(const op::Tanh&) const { return functional::tanh(in[0]); }
  Value operator()(const op::Hardsigmoid&) const { return functional::hardsigmoid(in[0]); }
  Value operator()(const op::Hardswish&) const { return functional::hardswish(in[0]); }
  Value operator()(const op::Silu&) const { return functional::silu(in[0]); }
  Value operator()(const op::Gelu& o) const { return functional::gelu(in[0], o.by_tanh); }
  Value operator()(const op::Hardtanh& o) const { return functional::hardtanh(in[0], o.low, o.high); }
  Value operator()(const op::LeakyRelu& o) const { return functional::leaky_relu(in[0], o.negative_slope); }
  Value operator()(const op::Elu& o) const { return functional::elu(in[0], o.alpha); }
  Value operator()(const op::PRelu&) const { return functional::prelu(in[0], value("weight")); }
  Value operator()(const op::Softmax&) const { return functional::softmax(in[0]); }
  Value operator()(const op::LayerNorm& o) const { return functional::layer_norm(in[0], value("weight"), value("bias"), o); }
  Value operator()(const op::GroupNorm& o) const { return functional::group_norm(in[0], value("weight"), value("bias"), o); }
  Value operator()(const op::Affine& o) const { return functional::affine(in[0], node.parameter("constant"), o); }
  Value operator()(const op::Interpolate& o) const { return functional::interpolate(in[0], o.options); }
  Value operator()(const op::Pad& o) const { return functional::pad(in[0], o.options); }
  Value operator()(const op::View& o) const { return functional::view_channels(in[0], o.channels); }
  Value operator()(const op::Permute& o) const { return functional::permute_channels(in[0], o.dims); }
  Value operator()(const op::Contiguous&) const { return in[0]; }
  Value operator()(const op::Slice& o) const { return functional::slice_channels(in[0], o.begin, o.end); }
  Value operator()(const op::AvgPool2d& o) const { return functional::avg_pool2d(in[0], o.options); }
  Value operator()(const op::Mean& o) const { return functional::mean(in[0], o.keepdim); }
  Value operator()(const op::Mul&) const { return functional::mul(in[0], in[1]); }
  Value operator()(const op::MaxPool2d& o) const { return functional::max_pool2d(in[0], o.options); }
  Value operator()(const op::AdaptiveAvgPool2d& o) const { return functional::adaptive_avg_pool2d(in[0], o.output_size); }
  Value operator()(const op::AdaptiveMaxPool2d& o) const { return functional::adaptive_max_pool2d(in[0], o.output_size); }
  Value operator()(const op::Flatten&) const { return functional::flatten(in[0]); }
  Value operator()(const op::Dropout& o) const { return functional::dropout(in[0], o.p, model.mode()); }
  Value operator()(const op::Add&) const { return functional::add_(in[0], in[1]); }
  Value operator()(const op::Cat&) const { return functional::cat(in); }
  Value operator()(const op::Function& o) const { return trainable(o.function, node).forward(in[0]); }
  Value operator()(const op::Lowered&) const {
    fail("graph module: '", node.name, "' is ", describe(node), ", made for inference only; train the graph that it was made of");
  }
  template <op::OnCodes Quantized>
  Value operator()(const Quantized&) const {
    fail("graph module: '", node.name, "' is ", describe(node), ", which computes with codes and cannot be trained");
  }

 private:
  Value value(const std::string& name) const { return model.parameter(node, name); }

  /// of(weight, bias): the layer's result.
  template <class Of>
  Value layer(const Of& of, const op::Qat* qat) const {
    if (qat == nullptr || !qat->batch_norm) return of(fake_quantized(value("weight"), qat), value("bias"));
    const Mode mode = model.frozen_ ? Mode::eval : model.mode();
    if (qat->weight_fake_quant == nullptr) return batch_norm(of(value("weight"), value("bias")), "bn.", *qat->batch_norm, mode);
    const Value factor = functional::batch_norm_factor(values("bn."), *qat->batch_norm);
    const Value weight = fake_quantized(functional::multiply_slices(value("weight"), factor), qat);
    // PyTorch adds the bias after the division, which is the same sum.
    const Value bias = value("bias").defined() ? functional::multiply_slices(value("bias"), factor) : Value();
    return batch_norm(functional::divide_channels_(of(weight, bias), factor), "bn.", *qat->batch_norm, mode);
  }

  functional::BatchNormValues values(const std::string& prefix) const {
    return {value(prefix + "weight"), value(prefix + "bias"), value(prefix + "running_mean"), value(prefix + "running_var")};
  }

  Value batch_norm(const Value& x, const std::string& prefix, const op::BatchNorm& o, Mode mode) const {
    if (mode == Mode::train) {
      Tensor count = value(prefix + "num_batches_tracked").tensor();  // the same bytes
      ++*count.data<int64_t>();
    }
    return functional::batch_norm(x, values(prefix), o, mode);
  }

  Value fake_quantized(const Value& weight, const op::Qat* qat) const {
    return qat && qat->weight_fake_quant ? trainable(qat->weight_fake_quant, node).forward(weight) : weight;
  }

  static Value activated(Value y, bool relu) { return relu ? functional::relu_(y) : y; }
};

Value GraphModule::forward(const Value& x) {
  std::unordered_map<const Node*, int> uses;  // still to come
  for (const Node& node : graph_.nodes())
    for (const Node* input : node.inputs) ++uses[input];
  std::unordered_map<const Node*, Value> values;
  Value result;
  for (const Node& node : graph_.nodes()) {
    std::vector<Value> in;
    for (const Node* input : node.inputs) {
      in.push_back(values.at(input));
      if (--uses[input] == 0) values.erase(input);
    }
    if (node.kind == NodeKind::placeholder) in.push_back(x);
    result = visit(Layer{*this, node, in}, node.op);
    if (uses[&node] > 0) values[&node] = result;
  }
  return result;
}

}  // namespace octet::nn
