#include "quant/formats/model_file.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>

#include "nn/graph/check_graph.h"
#include "nn/graph/ops.h"
#include "quant/qconfig/json_numbers.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {
namespace {

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
  OCTET_CHECK(size.size() == 2, key, " ", excerpt(size), ": expected a number or two");
  return {number(size[0]), number(size[1])};
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
  fail("unknown algorithm ", quoted(name), ": expected one of ", known);
}

/// By its name, with its parameters where it has any.
ops::Activation activation_from(const Json& j) {
  const std::string name = j.at("name");
  const auto parameter = [&](const char* key) { return j.contains(key) ? float_from(j.at(key), key) : 0.0f; };
  for (int kind = 0; kind <= ops::Activation::kLast; ++kind)
    if (const ops::Activation f{static_cast<ops::Activation::Kind>(kind), parameter("a"), parameter("b")}; name == name_of(f))
      return f;
  fail("unknown activation '", name, "'");
}

nn::NodeKind kind_from(const std::string& name) {
  for (size_t i = 0; i < std::size(kNodeKinds); ++i)
    if (name == kNodeKinds[i]) return static_cast<nn::NodeKind>(i);
  fail("unknown node kind ", quoted(name));
}

/// Reads one op's attributes and tensors back: a visitor for fields() of nn/graph/ops/.
class Read {
 public:
  Read(const SavedModel& model, const Json& attributes, const std::string& name, Engine engine)
      : model_(model), attributes_(attributes), name_(name), engine_(engine) {}

  void operator()(const char* key, QParams& q) { q = qparams_from(at(key)); }
  void operator()(const char* key, ops::Size2& size) { size = size_from(attributes_, key); }
  void operator()(const char* key, ops::Activation& f) { f = activation_from(at(key)); }
  void operator()(const char* key, bool& b) { b = at(key).get<bool>(); }
  void operator()(const char* key, double& x) { x = real_from(at(key), key); }
  void operator()(const char* key, float& x) { x = float_from(at(key), key); }
  void operator()(const char* key, int64_t& n, int64_t low, int64_t high) { n = integer_from(at(key), key, low, high); }
  void operator()(const char* key, std::vector<int64_t>& values, int64_t low, int64_t high) {
    constexpr size_t kMost = 16;
    OCTET_CHECK(at(key).is_array() && at(key).size() <= kMost, key, ": expected a list of up to ", kMost, " numbers");
    for (const Json& value : at(key)) values.push_back(integer_from(value, key, low, high));
  }
  void operator()(const char* key, std::vector<QParams>& all) {
    for (const Json& q : at(key)) all.push_back(qparams_from(q));
  }
  void operator()(const char* key, std::vector<ops::int8::ConvChoice>& choices) {
    if (attributes_.contains(key))
      for (const Json& c : at(key)) choices.push_back(choice_from(c));
  }
  void unless(const char* key, int64_t& n, int64_t usual, int64_t low, int64_t high) {
    n = attributes_.contains(key) ? integer_from(at(key), key, low, high) : usual;
  }
  void unless(const char* key, ops::Size2& size, ops::Size2 usual) {
    size = attributes_.contains(key) ? size_from(attributes_, key) : usual;
  }
  void unless(const char* key, QParams& q, QParams usual) { q = attributes_.contains(key) ? qparams_from(at(key)) : usual; }
  void unless(const char* key, bool& b, bool usual) { b = attributes_.contains(key) ? at(key).get<bool>() : usual; }
  void code(const char* key, int32_t& code) { code = code_from(at(key), key); }
  void group(const char* key, auto&& visit_inside) { visit_inside(Read(model_, at(key), name_, engine_)); }
  void engine(Engine& engine) { engine = engine_; }
  void tensor(const char* key, Tensor& codes) { codes = stored(key, DType::i8).view_as(DType::qint8); }
  void scales(const char* key, std::vector<float>& scales) {
    const Tensor t = stored(key, DType::f32);
    scales.assign(t.data<float>(), t.data<float>() + t.numel());
  }
  void optional_tensor(const char* key, Tensor& t) {
    if (model_.tensors.find(name_ + "." + key)) t = stored(key, DType::f32);
  }

  Tensor stored(const char* key, DType dtype) const {
    const StateEntry* entry = model_.tensors.find(name_ + "." + key);
    OCTET_CHECK(entry != nullptr, "missing tensor ", quoted(name_ + "." + key));
    OCTET_CHECK(entry->tensor.dtype() == dtype, "tensor ", quoted(entry->key), " is ", entry->tensor.dtype(), ", expected ",
                dtype);
    return entry->tensor;
  }

 private:
  const Json& at(const char* key) const { return attributes_.at(key); }

  const SavedModel& model_;
  const Json& attributes_;
  const std::string& name_;
  Engine engine_;
};

/// The op of that name, as yet without attributes.
template <class... T>
nn::Op op_called(const std::string& name, nn::op::List<T...>) {
  std::optional<nn::Op> found;
  ((T::kInfo.in_files && name == T::kInfo.name.value ? void(found = T{}) : void()), ...);
  OCTET_CHECK(found.has_value(), "unknown op ", quoted(name));
  return *found;
}

nn::Op op_from(const Json& j, Read read) {
  nn::Op op = op_called(j.at("op"), nn::op::All{});
  nn::visit(
      [&](auto& o) {
        o.fields(read);
        if constexpr (requires { o.check(); }) o.check();
      },
      op);
  return op;
}

nn::Parameters parameters_from(const Read& read, const nn::op::Info& info, const SavedModel& model, const std::string& name) {
  nn::Parameters found;
  for (const char* key : info.parameters)
    if (key) found[key] = read.stored(key, DType::f32);
  for (const char* key : info.may_have)
    if (key && model.tensors.find(name + "." + key)) found[key] = read.stored(key, DType::f32);
  if (info.has_weight && model.tensors.find(name + ".bias")) found["bias"] = read.stored("bias", DType::f32);
  return found;
}

const std::string& metadata_value(const SavedModel& model, const char* key) {
  const auto it = model.metadata.find(key);
  OCTET_CHECK(it != model.metadata.end(), "metadata '", key, "' is missing");
  return it->second;
}

nn::Graph parsed_graph(const SavedModel& model) {
  const Engine engine = parse_engine(metadata_value(model, "engine"));
  nn::Graph graph;
  const Json nodes = parse_json<Json>(metadata_value(model, "graph"), {}, "the graph in its metadata");
  OCTET_CHECK(nodes.is_array(), "the graph in its metadata is no list of nodes");
  for (const Json& j : nodes) {
    nn::Node node{.name = j.at("name"), .kind = kind_from(j.at("kind")), .target = j.at("target")};
    OCTET_CHECK(is_printable(node.name) && is_printable(node.target), "node ", quoted(node.name), " of ", quoted(node.target),
                ": expected names of up to 200 bytes without control characters");
    const Read read(model, j, node.name, engine);
    try {
      node.op = op_from(j, read);
    } catch (const Error& error) {
      fail("node ", quoted(node.name), ": ", error.what());
    }
    node.parameters = parameters_from(read, nn::info(node.op), model, node.name);
    for (const Json& input : j.at("inputs")) {
      nn::Node* source = graph.find(input.get<std::string>());
      OCTET_CHECK(source != nullptr, "node ", quoted(node.name), " uses ", quoted(input.get<std::string>()),
                  ", which is not before it");
      node.inputs.push_back(source);
    }
    const std::string wanted = node.name;
    OCTET_CHECK(graph.append(std::move(node))->name == wanted, "node name ", quoted(wanted), " is used twice or not a name");
  }
  nn::check_graph(graph);
  return graph;
}

}  // namespace

nn::Graph load_graph(const SavedModel& model, const std::string& source) {
  try {
    OCTET_CHECK(metadata_value(model, "format") == kModelFormat, "format ", quoted(metadata_value(model, "format")),
                ", expected ", kModelFormat);
    return parsed_graph(model);
  } catch (const Error& error) {
    fail(source, ": ", error.what());
  } catch (const Json::exception& error) {
    fail(source, ": the graph in its metadata is damaged: ", printable(error.what()));
  }
}

}  // namespace octet::quant
