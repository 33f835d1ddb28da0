#include "quant/formats/model_file.h"

#include <nlohmann/json.hpp>

#include "quant/formats/check_graph.h"
#include "quant/qconfig/json_numbers.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using Json = nlohmann::json;

float float_from(const Json& j, const char* what) { return static_cast<float>(real_from(j, what)); }
int32_t code_from(const Json& j, const char* what) { return static_cast<int32_t>(integer_from(j, what, 0, 255)); }

QParams qparams_from(const Json& j) {
  const QParams q{float_from(j.at("scale"), "scale"), code_from(j.at("zero_point"), "zero_point")};
  ops::int8::check_qparams(q, DType::quint8, "graph");
  return q;
}
/// One number, or two in an array.
ops::Size2 size_from(const Json& j, const char* key) {
  const Json& size = j.at(key);
  const auto number = [key](const Json& n) { return integer_from(n, key, 0, ops::kLargestWindow); };
  if (!size.is_array()) return number(size);
  OCTET_CHECK(size.size() == 2, key, " ", size.dump(), ": expected a number or two");
  return {number(size[0]), number(size[1])};
}
ops::MaxPool2dOptions max_pool_from(const Json& j) {
  return {.kernel = size_from(j, "kernel"), .stride = size_from(j, "stride"), .padding = size_from(j, "padding")};
}

ops::int8::ConvChoice choice_from(const Json& j) {
  const std::string name = j.at("algorithm");
  const auto number = [&](const char* key) { return integer_from(j.at(key), key, 0, INT64_MAX); };
  std::string known;
  for (const auto algorithm : ops::int8::kConvAlgorithms) {
    if (name == name_of(algorithm))
      return {j.at("isa"), number("threads"), number("batch"), number("height"), number("width"), algorithm};
    known += str(known.empty() ? "" : ", ", name_of(algorithm));
  }
  fail("unknown algorithm '", name, "': expected one of ", known);
}

nn::NodeKind kind_from(const std::string& name) {
  for (size_t i = 0; i < std::size(kNodeKinds); ++i)
    if (name == kNodeKinds[i]) return static_cast<nn::NodeKind>(i);
  fail("unknown node kind '", name, "'");
}

/// Reads one node back.
class Read {
 public:
  Read(const SavedModel& model, const Json& node, Engine engine)
      : model_(model), node_(node), engine_(engine), name_(node.at("name")) {}

  nn::Op op() const {
    const std::string kind = node_.at("op");
    if (kind == "placeholder") return op::Placeholder{};
    if (kind == "output") return op::Output{};
    if (kind == "quantize") return op::Quantize{qparams_from(node_.at("output"))};
    if (kind == "dequantize") return op::Dequantize{qparams_from(node_.at("input"))};
    if (kind == "quantized_conv2d") return conv2d();
    if (kind == "quantized_linear") return linear();
    if (kind == "quantized_add")
      return op::QuantizedAdd{{qparams_from(node_.at("a")), qparams_from(node_.at("b")), qparams_from(node_.at("output")),
                               node_.at("relu"), engine_}};
    if (kind == "quantized_max_pool2d") return op::QuantizedMaxPool2d{max_pool_from(node_.at("options"))};
    if (kind == "quantized_adaptive_avg_pool2d")
      return op::QuantizedAdaptiveAvgPool2d{size_from(node_, "size"), qparams_from(node_.at("output")), engine_};
    if (kind == "quantized_cat") return cat();
    if (kind == "quantized_flatten") return op::QuantizedFlatten{};
    if (kind == "quantized_dropout") return op::QuantizedDropout{float_from(node_.at("p"), "p")};
    if (kind == "quantized_relu") return op::QuantizedRelu{code_from(node_.at("zero_point"), "zero_point")};
    if (kind == "quantized_relu6")
      return op::QuantizedRelu6{code_from(node_.at("zero_point"), "zero_point"), code_from(node_.at("six"), "six")};
    if (kind == "conv2d") return op::Conv2d{conv_options(), node_.at("relu")};
    if (kind == "linear") return op::Linear{node_.at("relu")};
    if (kind == "relu6") return op::Relu6{};
    if (kind == "relu") return op::Relu{};
    if (kind == "add") return op::Add{};
    if (kind == "cat") return op::Cat{};
    if (kind == "flatten") return op::Flatten{};
    if (kind == "dropout") return op::Dropout{float_from(node_.at("p"), "p")};
    if (kind == "max_pool2d") return op::MaxPool2d{max_pool_from(node_.at("options"))};
    if (kind == "adaptive_avg_pool2d") return op::AdaptiveAvgPool2d{size_from(node_, "size")};
    if (kind == "adaptive_max_pool2d") return op::AdaptiveMaxPool2d{size_from(node_, "size")};
    if (kind == "batch_norm") return batch_norm();
    fail("unknown op '", kind, "'");
  }

  std::map<std::string, Tensor> parameters(const nn::Op& op) const {
    std::map<std::string, Tensor> found;
    if (nn::is<op::BatchNorm>(op))
      for (const char* name : {"weight", "bias", "running_mean", "running_var"}) found[name] = tensor(name, DType::f32);
    if (nn::is<op::Conv2d>(op) || nn::is<op::Linear>(op)) {
      found["weight"] = tensor("weight", DType::f32);
      if (const Tensor b = bias(); b.defined()) found["bias"] = b;
    }
    return found;
  }

 private:
  Tensor tensor(const char* what, DType dtype) const {
    const StateEntry* entry = model_.tensors.find(name_ + "." + what);
    OCTET_CHECK(entry != nullptr, "missing tensor '", name_, ".", what, "'");
    OCTET_CHECK(entry->tensor.dtype() == dtype, "tensor '", entry->key, "' is ", entry->tensor.dtype(), ", expected ", dtype);
    return entry->tensor;
  }
  Tensor weight() const { return tensor("weight", DType::i8).view_as(DType::qint8); }
  Tensor bias() const { return model_.tensors.find(name_ + ".bias") ? tensor("bias", DType::f32) : Tensor(); }
  std::vector<float> weight_scale() const {
    const Tensor t = tensor("weight_scale", DType::f32);
    return {t.data<float>(), t.data<float>() + t.numel()};
  }

  nn::Op batch_norm() const {
    const op::BatchNorm norm{float_from(node_.at("eps"), "eps"), float_from(node_.at("momentum"), "momentum")};
    OCTET_CHECK(norm.eps >= 0, "eps ", norm.eps, ": expected at least 0");
    return norm;
  }
  ops::Conv2dOptions conv_options() const {
    return {.stride = size_from(node_, "stride"),
            .padding = size_from(node_, "padding"),
            .groups = integer_from(node_.at("groups"), "groups", 1, INT32_MAX)};
  }
  ops::int8::QuantizedLayer layer() const {
    return {weight(),
            weight_scale(),
            bias(),
            node_.at("relu"),
            engine_,
            qparams_from(node_.at("input")),
            qparams_from(node_.at("output"))};
  }
  nn::Op conv2d() const {
    std::vector<ops::int8::ConvChoice> choices;
    if (node_.contains("choices"))
      for (const Json& c : node_.at("choices")) choices.push_back(choice_from(c));
    return op::QuantizedConv2d{
        std::make_shared<const ops::int8::Conv2d>(ops::int8::Conv2dParams{layer(), conv_options(), std::move(choices)})};
  }
  nn::Op linear() const { return op::QuantizedLinear{std::make_shared<const ops::int8::Linear>(layer())}; }
  nn::Op cat() const {
    op::QuantizedCat cat{{}, qparams_from(node_.at("output"))};
    for (const Json& q : node_.at("parts")) cat.inputs.push_back(qparams_from(q));
    return cat;
  }

  const SavedModel& model_;
  const Json& node_;
  Engine engine_;
  std::string name_;
};

const std::string& metadata_value(const SavedModel& model, const char* key) {
  const auto it = model.metadata.find(key);
  OCTET_CHECK(it != model.metadata.end(), "metadata '", key, "' is missing");
  return it->second;
}

nn::Graph parsed_graph(const SavedModel& model) {
  const Engine engine = parse_engine(metadata_value(model, "engine"));
  nn::Graph graph;
  const Json nodes = Json::parse(metadata_value(model, "graph"));
  for (const Json& j : nodes) {
    const Read read(model, j, engine);
    nn::Node node{.name = j.at("name"), .kind = kind_from(j.at("kind")), .target = j.at("target")};
    try {
      node.op = read.op();
    } catch (const Error& error) {
      fail("node '", node.name, "': ", error.what());
    }
    node.parameters = read.parameters(node.op);
    for (const Json& input : j.at("inputs")) {
      nn::Node* source = graph.find(input.get<std::string>());
      OCTET_CHECK(source != nullptr, "node '", node.name, "' uses '", input.get<std::string>(), "', which is not before it");
      node.inputs.push_back(source);
    }
    const std::string wanted = node.name;
    OCTET_CHECK(graph.append(std::move(node))->name == wanted, "node name '", wanted, "' is used twice or not a name");
  }
  check_graph(graph);
  return graph;
}

}  // namespace

bool is_saved_graph(const std::map<std::string, std::string>& metadata) {
  const auto it = metadata.find("format");
  return it != metadata.end() && it->second.starts_with("octet-int8");
}

nn::Graph load_graph(const SavedModel& model, const std::string& source) {
  try {
    OCTET_CHECK(metadata_value(model, "format") == kModelFormat, "format '", metadata_value(model, "format"), "', expected ",
                kModelFormat);
    return parsed_graph(model);
  } catch (const Error& error) {
    fail(source, ": ", error.what());
  } catch (const Json::exception& error) {
    fail(source, ": the graph in its metadata is damaged: ", error.what());
  }
}

}  // namespace octet::quant
