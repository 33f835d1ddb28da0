// The half of quant/formats/model_file.h that writes.
#include "quant/formats/model_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/graph/print.h"
#include "quant/observers/qparams.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using Json = nlohmann::json;

Json to_json(QParams q) { return {{"scale", q.scale}, {"zero_point", q.zero_point}}; }
Json to_json(ops::Size2 s) { return s.is_pair ? Json::array({s.h, s.w}) : Json(s.h); }
Json to_json(const ops::MaxPool2dOptions& o) {
  return {{"kernel", to_json(o.kernel)}, {"stride", to_json(o.stride)}, {"padding", to_json(o.padding)}};
}

Json to_json(const ops::int8::ConvChoice& c) {
  return {{"isa", c.isa},       {"threads", c.threads}, {"batch", c.batch},
          {"height", c.height}, {"width", c.width},     {"algorithm", name_of(c.algorithm)}};
}

/// Writes one op's attributes and tensors.
struct Write {
  const nn::Node& node;
  SavedModel& out;

  Json operator()(const op::Placeholder&) const { return Json::object({{"op", "placeholder"}}); }
  Json operator()(const op::Output&) const { return Json::object({{"op", "output"}}); }
  Json operator()(const op::Quantize& o) const { return {{"op", "quantize"}, {"output", to_json(o.output)}}; }
  Json operator()(const op::Dequantize& o) const { return {{"op", "dequantize"}, {"input", to_json(o.input)}}; }
  Json operator()(const op::QuantizedConv2d& o) const {
    const auto& p = o.layer->params();
    layer_tensors(p);
    Json j = {{"op", "quantized_conv2d"},
              {"input", to_json(p.input)},
              {"output", to_json(p.output)},
              {"relu", p.relu},
              {"groups", p.options.groups},
              {"stride", to_json(p.options.stride)},
              {"padding", to_json(p.options.padding)}};
    for (const ops::int8::ConvChoice& c : p.choices) j["choices"].push_back(to_json(c));
    return j;
  }
  Json operator()(const op::QuantizedLinear& o) const {
    const auto& p = o.layer->params();
    layer_tensors(p);
    return {{"op", "quantized_linear"}, {"input", to_json(p.input)}, {"output", to_json(p.output)}, {"relu", p.relu}};
  }
  Json operator()(const op::QuantizedAdd& o) const {
    return {{"op", "quantized_add"},
            {"a", to_json(o.params.a)},
            {"b", to_json(o.params.b)},
            {"output", to_json(o.params.output)},
            {"relu", o.params.relu}};
  }
  Json operator()(const op::QuantizedMaxPool2d& o) const {
    return {{"op", "quantized_max_pool2d"}, {"options", to_json(o.options)}};
  }
  Json operator()(const op::QuantizedAdaptiveAvgPool2d& o) const {
    return {{"op", "quantized_adaptive_avg_pool2d"}, {"size", to_json(o.output)}, {"output", to_json(o.qparams)}};
  }
  Json operator()(const op::QuantizedCat& o) const {
    Json parts = Json::array();
    for (QParams q : o.inputs) parts.push_back(to_json(q));
    return {{"op", "quantized_cat"}, {"parts", parts}, {"output", to_json(o.output)}};
  }
  Json operator()(const op::QuantizedFlatten&) const { return Json::object({{"op", "quantized_flatten"}}); }
  Json operator()(const op::QuantizedDropout& o) const { return {{"op", "quantized_dropout"}, {"p", o.p}}; }
  Json operator()(const op::QuantizedRelu& o) const { return {{"op", "quantized_relu"}, {"zero_point", o.zero_point}}; }
  Json operator()(const op::QuantizedRelu6& o) const {
    return {{"op", "quantized_relu6"}, {"zero_point", o.zero_point}, {"six", o.six}};
  }
  // Layers that stay float.
  Json operator()(const op::Conv2d& o) const {
    keep_parameters();
    return {{"op", "conv2d"},
            {"relu", o.relu},
            {"groups", o.options.groups},
            {"stride", to_json(o.options.stride)},
            {"padding", to_json(o.options.padding)}};
  }
  Json operator()(const op::Linear& o) const {
    keep_parameters();
    return {{"op", "linear"}, {"relu", o.relu}};
  }
  Json operator()(const op::Relu6&) const { return Json::object({{"op", "relu6"}}); }
  Json operator()(const op::Relu&) const { return Json::object({{"op", "relu"}}); }
  Json operator()(const op::Add&) const { return Json::object({{"op", "add"}}); }
  Json operator()(const op::Cat&) const { return Json::object({{"op", "cat"}}); }
  Json operator()(const op::Flatten&) const { return Json::object({{"op", "flatten"}}); }
  Json operator()(const op::Dropout& o) const { return {{"op", "dropout"}, {"p", o.p}}; }
  Json operator()(const op::MaxPool2d& o) const { return {{"op", "max_pool2d"}, {"options", to_json(o.options)}}; }
  Json operator()(const op::AdaptiveAvgPool2d& o) const { return {{"op", "adaptive_avg_pool2d"}, {"size", to_json(o.output)}}; }
  Json operator()(const op::AdaptiveMaxPool2d& o) const { return {{"op", "adaptive_max_pool2d"}, {"size", to_json(o.output)}}; }
  Json operator()(const op::BatchNorm& o) const {
    keep_parameters();
    return {{"op", "batch_norm"}, {"eps", o.eps}, {"momentum", o.momentum}};
  }
  Json operator()(const auto&) const {  // observers and fake quantization
    fail("saving the int8 model: '", node.name, "' is a ", nn::describe(node), ", which an int8 graph does not hold");
  }

 private:
  void keep_parameters() const {
    for (const auto& [name, tensor] : node.parameters) out.tensors.add({node.name + "." + name, tensor, {}});
  }
  void layer_tensors(const auto& p) const {
    out.tensors.add({node.name + ".weight", p.weight.view_as(DType::i8), {}});
    out.tensors.add(
        {node.name + ".weight_scale", Tensor::from(p.weight_scale, {static_cast<int64_t>(p.weight_scale.size())}), {}});
    if (p.bias.defined()) out.tensors.add({node.name + ".bias", p.bias, {}});
  }
};

Engine engine_of(const nn::Graph& graph) {
  for (const nn::Node& node : graph.nodes())
    if (const auto* conv = std::get_if<op::QuantizedConv2d>(&node.op)) return conv->layer->params().engine;
  fail("saving the int8 model: the graph has no int8 convolution");
}

}  // namespace

SavedModel save_graph(const nn::Graph& graph, const std::map<std::string, std::string>& provenance) {
  OCTET_CHECK(std::ranges::any_of(graph.nodes(), [](const nn::Node& n) { return nn::is<op::Quantize>(n.op); }),
              "saving the int8 model: no int8 layer in the graph; convert it first");
  SavedModel out;
  out.metadata = provenance;
  Json nodes = Json::array();
  for (const nn::Node& node : graph.nodes()) {
    Json j = std::visit(Write{node, out}, node.op);
    j["name"] = node.name;
    j["kind"] = kNodeKinds[static_cast<size_t>(node.kind)];
    j["target"] = node.target;
    j["inputs"] = Json::array();
    for (const nn::Node* input : node.inputs) j["inputs"].push_back(input->name);
    nodes.push_back(std::move(j));
  }
  out.metadata["format"] = kModelFormat;
  out.metadata["engine"] = name_of(engine_of(graph));
  out.metadata["graph"] = nodes.dump();
  return out;
}

}  // namespace octet::quant
