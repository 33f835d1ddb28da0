#include "nn/graph/print.h"

#include <charconv>
#include <cmath>

namespace octet::nn {

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char shortest[64];
  const double magnitude = std::fabs(value);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto end = std::to_chars(shortest, shortest + sizeof shortest, value,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed)
                       .ptr;
  std::string text(shortest, end);
  return scientific || text.find('.') != std::string::npos ? text : text + ".0";
}

namespace {

std::string qparams_text(ops::int8::QParams q) { return str("scale=", python_float(q.scale), ", zero_point=", q.zero_point); }

/// "64, 128, kernel_size=(3, 3), stride=(1, 1)"
std::string conv_shape_text(const Tensor& weight, const ops::Conv2dOptions& o) {
  return str(weight.size(1) * o.groups, ", ", weight.size(0), ", kernel_size=", ops::Size2(weight.size(2), weight.size(3)),
             ", stride=", o.stride);
}

std::string conv_tail_text(const ops::Conv2dOptions& o) {
  return str(o.padding == ops::Size2(0) ? "" : str(", padding=", o.padding), o.groups == 1 ? "" : str(", groups=", o.groups));
}

std::string size_text(ops::Size2 size) { return size.is_pair ? str(size) : str(size.h); }

struct Description {
  std::string type, arguments;
};

struct Describe {
  const Node& node;

  Description operator()(const op::Placeholder&) const { return {"placeholder", ""}; }
  Description operator()(const op::Output&) const { return {"output", ""}; }
  Description operator()(const op::Conv2d& o) const {
    const std::string bias = node.parameters.contains("bias") ? "" : ", bias=False";
    const bool bn = o.qat && o.qat->batch_norm;
    return {str("Conv", bn ? "Bn" : "", o.relu ? "ReLU" : "", "2d"),
            conv_shape_text(node.parameter("weight"), o.options) + conv_tail_text(o.options) + bias};
  }
  Description operator()(const op::Linear& o) const {
    const Tensor w = node.parameter("weight");
    return {o.relu ? "LinearReLU" : "Linear", str("in_features=", w.size(1), ", out_features=", w.size(0),
                                                  ", bias=", node.parameters.contains("bias") ? "True" : "False")};
  }
  Description operator()(const op::BatchNorm& o) const {
    return {"BatchNorm1d", str(node.parameter("weight").size(0), ", eps=", shortest(o.eps), ", momentum=", shortest(o.momentum),
                               ", affine=True, track_running_stats=True")};
  }
  Description operator()(const op::Relu&) const { return {"ReLU", ""}; }
  Description operator()(const op::Relu6&) const { return {"ReLU6", ""}; }
  Description operator()(const op::MaxPool2d& o) const { return max_pool("MaxPool2d", o.options); }
  Description operator()(const op::AdaptiveAvgPool2d& o) const {
    return {"AdaptiveAvgPool2d", str("output_size=", size_text(o.output))};
  }
  Description operator()(const op::AdaptiveMaxPool2d& o) const {
    return {"AdaptiveMaxPool2d", str("output_size=", size_text(o.output))};
  }
  Description operator()(const op::Flatten&) const { return {"Flatten", ""}; }
  Description operator()(const op::Dropout& o) const { return {"Dropout", str("p=", shortest(o.p), ", inplace=False")}; }
  Description operator()(const op::Add&) const { return {"Add", ""}; }
  Description operator()(const op::Cat&) const { return {"Cat", ""}; }
  Description operator()(const op::Function& o) const {
    const std::string text = o.function->to_string();
    const size_t open = text.find('(');
    return {text.substr(0, open), open == std::string::npos ? "" : text.substr(open + 1, text.size() - open - 2)};
  }
  Description operator()(const op::Lowered& o) const { return {o.description, ""}; }
  Description operator()(const op::Quantize& o) const { return {"Quantize", qparams_text(o.output)}; }
  Description operator()(const op::Dequantize&) const { return {"DeQuantize", ""}; }
  Description operator()(const op::QuantizedConv2d& o) const {
    const auto& p = o.layer->params();
    const std::string bias = p.bias.defined() ? "" : ", bias=False";
    return {p.relu ? "QuantizedConvReLU2d" : "QuantizedConv2d",
            str(conv_shape_text(p.weight, p.options), ", ", qparams_text(p.output), conv_tail_text(p.options), bias)};
  }
  Description operator()(const op::QuantizedLinear& o) const {
    const auto& p = o.layer->params();
    return {p.relu ? "QuantizedLinearReLU" : "QuantizedLinear",
            str("in_features=", p.weight.size(1), ", out_features=", p.weight.size(0), ", ", qparams_text(p.output),
                ", qscheme=", p.weight_scale.size() == 1 ? "torch.per_tensor_affine" : "torch.per_channel_affine")};
  }
  Description operator()(const op::QuantizedAdd& o) const {
    return {o.params.relu ? "QuantizedAddReLU" : "QuantizedAdd", qparams_text(o.params.output)};
  }
  Description operator()(const op::QuantizedRelu&) const { return {"ReLU", ""}; }
  Description operator()(const op::QuantizedRelu6&) const { return {"ReLU6", ""}; }
  Description operator()(const op::QuantizedMaxPool2d& o) const { return max_pool("MaxPool2d", o.options); }
  Description operator()(const op::QuantizedAdaptiveAvgPool2d& o) const {
    return {"AdaptiveAvgPool2d", str("output_size=", size_text(o.output))};
  }
  Description operator()(const op::QuantizedCat& o) const { return {"QuantizedCat", qparams_text(o.output)}; }
  Description operator()(const op::QuantizedFlatten&) const { return {"Flatten", ""}; }
  Description operator()(const op::QuantizedDropout& o) const {
    return {"QuantizedDropout", str("p=", shortest(o.p), ", inplace=False")};
  }

 private:
  /// Options are written in source code, so they print as few digits as a float needs.
  static std::string shortest(float value) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
  }
  static Description max_pool(const char* type, const ops::MaxPool2dOptions& o) {
    return {type, str("kernel_size=", size_text(o.kernel), ", stride=", size_text(o.stride), ", padding=", size_text(o.padding),
                      ", dilation=1, ceil_mode=False")};
  }
};

/// The tree that module paths make: "0.4.0.conv1" is the leaf conv1 below 0, 4, 0.
struct Tree {
  std::string name, leaf;  // leaf: the description, empty for a branch
  std::vector<Tree> children;

  Tree& child(const std::string& wanted) {
    for (Tree& c : children)
      if (c.name == wanted) return c;
    return children.emplace_back(Tree{wanted, "", {}});
  }

  std::string to_string(int depth, const char* type) const {
    std::string text = str(type, "(\n");
    const std::string indent(static_cast<size_t>(2 * depth + 2), ' ');
    for (const Tree& c : children)
      text += str(indent, "(", c.name, "): ", c.children.empty() ? c.leaf : c.to_string(depth + 1, "Module"), "\n");
    return text + indent.substr(2) + ")";
  }
};

const char* kind_name(NodeKind kind) {
  switch (kind) {
    case NodeKind::placeholder:
      return "placeholder";
    case NodeKind::call_module:
      return "call_module";
    case NodeKind::call_function:
      return "call_function";
    case NodeKind::output:
      return "output";
  }
  return "";
}

}  // namespace

std::string type_name(const Node& node) { return std::visit(Describe{node}, node.op).type; }

std::string describe(const Node& node) {
  const Description d = std::visit(Describe{node}, node.op);
  return d.type + "(" + d.arguments + ")";
}

std::string modules_to_string(const Graph& graph) {
  Tree root;
  for (const Node& node : graph.nodes()) {
    if (node.kind != NodeKind::call_module) continue;
    Tree* at = &root;
    for (size_t begin = 0; begin <= node.target.size();) {
      const size_t end = std::min(node.target.find('.', begin), node.target.size());
      at = &at->child(node.target.substr(begin, end - begin));
      begin = end + 1;
    }
    at->leaf = describe(node);
  }
  return root.to_string(0, "GraphModule");
}

std::string graph_to_string(const Graph& graph) {
  std::unordered_map<const Node*, int> users;
  for (const Node& node : graph.nodes())
    for (const Node* input : node.inputs) ++users[input];
  std::string text = "graph():\n";
  for (const Node& node : graph.nodes()) {
    std::string arguments;
    for (const Node* input : node.inputs) arguments += str(arguments.empty() ? "%" : ", %", input->name);
    if (node.kind == NodeKind::output)
      text += str("    return ", arguments.substr(1), "\n");
    else
      text += str("    %", node.name, " : [num_users=", users[&node], "] = ", kind_name(node.kind), "[target=", node.target, "]",
                  node.kind == NodeKind::placeholder ? "" : "(args = (" + arguments + "))", "\n");
  }
  return text;
}

}  // namespace octet::nn
