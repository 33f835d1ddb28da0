// The half of quant/formats/model_file.h that writes.
#include "quant/formats/model_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "nn/graph/ops.h"
#include "nn/graph/print.h"
#include "quant/observers/qparams.h"

namespace octet::quant {
namespace {

using Json = nlohmann::json;

Json to_json(QParams q) { return {{"scale", q.scale}, {"zero_point", q.zero_point}}; }
Json to_json(ops::Size2 s) { return s.is_pair ? Json::array({s.h, s.w}) : Json(s.h); }
Json to_json(const ops::int8::ConvChoice& c) {
  return {{"isa", c.isa},       {"threads", c.threads}, {"batch", c.batch},
          {"height", c.height}, {"width", c.width},     {"algorithm", name_of(c.algorithm)}};
}

/// Writes one op's attributes into its node's JSON and its tensors beside it: a visitor for fields() of nn/graph/ops/.
class Write {
 public:
  Write(const std::string& name, SavedModel& out, std::optional<Engine>& engine_of_all)
      : name_(name), out_(out), engine_(engine_of_all) {}

  void operator()(const char* key, const auto& value, auto...) { json[key] = value_of(value); }
  void operator()(const char* key, const std::vector<QParams>& values) {
    json[key] = Json::array();
    for (QParams q : values) json[key].push_back(to_json(q));
  }
  void operator()(const char* key, const std::vector<ops::int8::ConvChoice>& choices) {
    for (const ops::int8::ConvChoice& c : choices) json[key].push_back(to_json(c));
  }
  void unless(const char* key, int64_t value, int64_t usual, int64_t, int64_t) {
    if (value != usual) json[key] = value;
  }
  void unless(const char* key, ops::Size2 size, ops::Size2 usual) {
    if (size != usual) json[key] = to_json(size);
  }
  void unless(const char* key, QParams q, QParams usual) {
    if (q != usual) json[key] = to_json(q);
  }
  void unless(const char* key, bool value, bool usual) {
    if (value != usual) json[key] = value;
  }
  void code(const char* key, int32_t code) { json[key] = code; }
  void group(const char* key, auto&& visit_inside) {
    Write inside(name_, out_, engine_);
    visit_inside(inside);
    json[key] = inside.json;
  }
  void engine(Engine engine) {
    OCTET_CHECK(!engine_ || *engine_ == engine, "saving the int8 model: '", name_, "' rounds as ", name_of(engine),
                ", an op before it as ", name_of(*engine_));
    engine_ = engine;
  }
  void tensor(const char* key, const Tensor& codes) { add(key, codes.view_as(DType::i8)); }
  void scales(const char* key, const std::vector<float>& scales) {
    add(key, Tensor::from(scales, {static_cast<int64_t>(scales.size())}));
  }
  void optional_tensor(const char* key, const Tensor& t) {
    if (t.defined()) add(key, t);
  }

  Json json = Json::object();

 private:
  static Json value_of(QParams q) { return to_json(q); }
  static Json value_of(ops::Size2 s) { return to_json(s); }
  static Json value_of(ops::Activation f) { return {{"name", name_of(f)}, {"a", f.a}, {"b", f.b}}; }
  static Json value_of(bool b) { return b; }
  static Json value_of(float x) { return x; }
  static Json value_of(double x) { return x; }
  static Json value_of(int64_t n) { return n; }
  static Json value_of(const std::vector<int64_t>& values) { return values; }

  void add(const char* key, Tensor t) { out_.tensors.add({name_ + "." + key, std::move(t), {}}); }

  const std::string& name_;
  SavedModel& out_;
  std::optional<Engine>& engine_;
};

Json written(const nn::Node& node, SavedModel& out, std::optional<Engine>& engine) {
  OCTET_CHECK(nn::info(node.op).in_files, "saving the int8 model: '", node.name, "' is a ", nn::describe(node),
              ", which an int8 graph does not hold");
  Write write(node.name, out, engine);
  nn::visit([&](auto op) { op.fields(write); }, node.op);
  for (const auto& [name, tensor] : node.parameters) out.tensors.add({node.name + "." + name, tensor, {}});
  Json j = std::move(write.json);
  j["op"] = nn::info(node.op).name.value;
  j["name"] = node.name;
  j["kind"] = kNodeKinds[static_cast<size_t>(node.kind)];
  j["target"] = node.target;
  j["inputs"] = Json::array();
  for (const nn::Node* input : node.inputs) j["inputs"].push_back(input->name);
  return j;
}

}  // namespace

SavedModel save_graph(const nn::Graph& graph, const std::map<std::string, std::string>& provenance) {
  OCTET_CHECK(std::ranges::any_of(graph.nodes(), [](const nn::Node& n) { return nn::is<nn::op::Quantize>(n.op); }),
              "saving the int8 model: no int8 layer in the graph; convert it first");
  SavedModel out;
  out.metadata = provenance;
  Json nodes = Json::array();
  std::optional<Engine> engine;
  for (const nn::Node& node : graph.nodes()) nodes.push_back(written(node, out, engine));
  OCTET_CHECK(engine.has_value(), "saving the int8 model: the graph has no int8 layer");
  out.metadata["format"] = kModelFormat;
  out.metadata["engine"] = name_of(*engine);
  out.metadata["graph"] = nodes.dump();
  return out;
}

}  // namespace octet::quant
