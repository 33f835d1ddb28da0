#include "networks/pt2/program.h"

#include <algorithm>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/format.h"
#include "loaders/files/limits.h"
#include "networks/pt2/json.h"
#include "networks/pt2/weights.h"

namespace octet::networks {
namespace {

using loaders::printable;

constexpr const char* kModel = "models/model.json";
constexpr int64_t kSchemaMajor = 8;  // torch/_export/serde/schema.py, SCHEMA_VERSION

bool has_ending(const loaders::Zip& zip, std::string_view end) {
  return std::ranges::any_of(zip.entries(), [&](const loaders::ZipEntry& e) { return e.name.ends_with(end); });
}

/// {"parameter": {...}}: an object whose only member says what it is. Its name and value.
std::pair<std::string, const Json&> only_member(const Json& j) {
  if (!j.is_object() || j.size() != 1) throw Json::other_error::create(501, "expected an object of one member", &j);
  return {j.begin().key(), j.begin().value()};
}

/// {"as_int": 3} or {"as_name": "sym_size_int"} of a list of sizes; a plain number of a list of whole numbers.
Size size_from(const Json& j) {
  if (j.is_number_integer()) return {j.get<int64_t>()};
  if (j.contains("as_int")) return {j.at("as_int").get<int64_t>()};
  return {0, j.at("as_name").get<std::string>()};
}

template <class T, class From>
std::vector<T> list_from(const Json& j, From&& from) {
  std::vector<T> list;
  for (const Json& item : j) list.push_back(from(item));
  return list;
}

ValueName name_from(const Json& j) { return {j.at("name").get<std::string>()}; }

/// {"as_tensor": {"name": "conv2d"}}: one member says the kind.
Argument argument_from(const Json& j) {
  const auto& [kind, value] = only_member(j);
  if (kind == "as_tensor") return name_from(value);
  if (kind == "as_tensors") return list_from<ValueName>(value, name_from);
  if (kind == "as_int") return value.get<int64_t>();
  if (kind == "as_ints" || kind == "as_sym_ints") return list_from<Size>(value, size_from);
  if (kind == "as_float") return value.get<double>();
  if (kind == "as_floats") return value.get<std::vector<double>>();
  if (kind == "as_bool") return value.get<bool>();
  if (kind == "as_string") return value.get<std::string>();
  if (kind == "as_sym_int")
    return value.contains("as_int") ? Argument(value.at("as_int").get<int64_t>())
                                    : Argument(ValueName{value.at("as_name").get<std::string>()});
  if (kind == "as_optional_tensor") return value.contains("as_tensor") ? Argument(name_from(value.at("as_tensor"))) : Argument();
  if (kind == "as_none") return std::monostate{};
  return kind + " " + value.dump();
}

/// Names of the values that a call gives; numbers among them, such as the number of images.
std::vector<std::string> outputs_from(const Json& j) {
  std::vector<std::string> names;
  for (const Json& output : j) {
    if (output.contains("as_tensor")) names.push_back(name_from(output.at("as_tensor")).name);
    if (output.contains("as_sym_int")) names.push_back(output.at("as_sym_int").value("as_name", ""));
    if (output.contains("as_tensors"))
      for (const Json& item : output.at("as_tensors")) names.push_back(name_from(item).name);
  }
  return names;
}

/// The module of a call, from "L__self__,,my.Net;L__self__features,features,torch.nn.modules.container.Sequential;...": of each module
/// around it, from the outermost on, a key, a path and a class. torch.fx keeps the outermost one whole that is of torch.nn and no
/// Sequential (torch/fx/_symbolic_trace.py, is_leaf_module). A module that is called again has "@1" behind its path.
void find_module(const std::string& stack, Call& call) {
  for (size_t begin = 0; begin < stack.size() && !call.is_layer;) {
    const size_t end = std::min(stack.find(';', begin), stack.size());
    const std::string frame = stack.substr(begin, end - begin);
    begin = end + 1;
    const size_t path = frame.find(','), type = frame.rfind(',');
    if (path == frame.npos || type == path) continue;
    call.module = frame.substr(path + 1, type - path - 1);
    if (const size_t again = call.module.find('@'); again != call.module.npos) call.module.resize(again);
    const std::string name = frame.substr(type + 1);
    call.is_layer = name.starts_with("torch.nn.") && !name.starts_with("torch.nn.modules.container.");
  }
}

/// The innermost line of the user's own source in a Python traceback: "squeezenet.py:95: x = self.features(x)".
std::string source_of(const std::string& trace) {
  std::string source;
  for (size_t at = 0; (at = trace.find("File \"", at)) != trace.npos;) {
    const size_t begin = at + 6, end = trace.find('"', begin);
    if (end == trace.npos) break;
    const std::string path = trace.substr(begin, end - begin);
    const size_t number = trace.find("line ", end), line_end = std::min(trace.find('\n', end), trace.size());
    at = end;
    if (number > line_end || (!source.empty() && path.find("/torch/") != path.npos)) continue;
    const size_t text = trace.find_first_not_of(" \n", line_end),
                 text_end = std::min(trace.find('\n', std::min(text, trace.size())), trace.size());
    source = path.substr(path.rfind('/') + 1) + ":" +
             trace.substr(number + 5, trace.find_first_not_of("0123456789", number + 5) - number - 5);
    if (text != trace.npos) source += ": " + trace.substr(text, text_end - text);
  }
  return source;
}

Call call_from(const Json& j) {
  Call call;
  call.target = j.at("target").get<std::string>();
  constexpr std::string_view kPrefix = "torch.ops.";
  if (call.target.starts_with(kPrefix)) call.target.erase(0, kPrefix.size());
  for (const Json& input : j.at("inputs")) call.arguments[input.at("name").get<std::string>()] = argument_from(input.at("arg"));
  call.outputs = outputs_from(j.at("outputs"));
  const Json& notes = j.at("metadata");
  find_module(notes.value("nn_module_stack", ""), call);
  const std::string function = notes.value("torch_fn", "");  // "relu_1;function.relu"
  call.python = function.substr(function.find(';') + 1);
  call.source = source_of(notes.value("stack_trace", ""));
  return call;
}

/// The tensors that a program has beside what the user passes, by the names of their values.
void read_inputs(const Json& signature, const std::map<std::string, Tensor>& weights,
                 const std::map<std::string, Tensor>& constants, Program& program) {
  const auto take = [&](const Json& spec, const char* name, const std::map<std::string, Tensor>& from) {
    const std::string key = spec.at(name).get<std::string>();
    const auto it = from.find(key);
    OCTET_CHECK(it != from.end(), program.file, ": the tensor ", loaders::quoted(key), " is missing");
    const std::string value = spec.at("arg").at("name").get<std::string>();
    program.tensors[value] = it->second;
    if (&from == &weights) program.keys[value] = key;
  };
  for (const Json& spec : signature.at("input_specs")) {
    const auto& [kind, value] = only_member(spec);
    if (kind == "parameter")
      take(value, "parameter_name", weights);
    else if (kind == "buffer")
      take(value, "buffer_name", value.at("persistent").get<bool>() ? weights : constants);
    else if (kind == "tensor_constant")
      take(value, "tensor_constant_name", constants);
    else if (kind == "user_input" && value.at("arg").contains("as_tensor"))
      program.inputs.push_back(name_from(value.at("arg").at("as_tensor")).name);
    else
      fail(program.file, ": an input of the network is a ", printable(kind), ", expected tensors; export it with tensors alone");
  }
  for (const Json& spec : signature.at("output_specs")) {
    const auto& [kind, value] = only_member(spec);
    OCTET_CHECK(kind == "user_output" && value.at("arg").contains("as_tensor"), program.file, ": the network gives a ",
                printable(kind), ", expected a tensor; call model.eval() before torch.export.export");
    program.outputs.push_back(name_from(value.at("arg").at("as_tensor")).name);
  }
}

/// Calls that only hand on a constant of the code, such as torch.tensor(2.0); then their result is that constant.
bool is_handle_of_constant(const Call& call, Program& program) {
  constexpr const char* kTargets[] = {"aten.lift_fresh_copy.default", "aten.detach_.default", "aten.detach.default",
                                      "aten.alias.default", "aten.clone.default"};
  const auto self = call.arguments.find("self");
  const auto* name = self == call.arguments.end() ? nullptr : std::get_if<ValueName>(&self->second);
  const auto constant = name ? program.tensors.find(name->name) : program.tensors.end();
  if (constant == program.tensors.end() || call.outputs.size() != 1 ||
      std::ranges::find(kTargets, call.target) == std::end(kTargets))
    return false;
  program.tensors[call.outputs[0]] = Tensor(constant->second);
  return true;
}

void read_model(const Json& model, const std::map<std::string, Tensor>& weights, const std::map<std::string, Tensor>& constants,
                Program& program) {
  program.torch_version = model.value("torch_version", "");
  const int64_t major = model.at("schema_version").at("major").get<int64_t>();
  OCTET_CHECK(major == kSchemaMajor, program.file, ": version ", major, " of torch.export's schema (PyTorch ",
              printable(program.torch_version), "), expected ", kSchemaMajor, "; export it with PyTorch 2.8 to 2.11");
  const Json& graph = model.at("graph_module").at("graph");
  read_inputs(model.at("graph_module").at("signature"), weights, constants, program);
  for (const auto& [name, meta] : graph.at("tensor_values").items()) {
    Shape& shape = program.shapes[name];
    for (const Json& size : meta.at("sizes")) shape.push_back(size.contains("as_int") ? size.at("as_int").get<int64_t>() : -1);
  }
  for (const Json& node : graph.at("nodes")) {
    Call call = call_from(node);
    if (!is_handle_of_constant(call, program)) program.calls.push_back(std::move(call));
  }
}

}  // namespace

bool is_pt2(const loaders::File& file) {
  if (loaders::format_of(file.bytes()) != loaders::Format::zip) return false;
  const loaders::Zip zip(file.bytes(), file.name());
  return has_ending(zip, "archive_format") || has_ending(zip, "serialized_exported_program.json");
}

Program read_pt2(const loaders::File& file) {
  Program program{.file = file.name()};
  const loaders::Zip zip(file.bytes(), file.name());
  OCTET_CHECK(!has_ending(zip, "serialized_exported_program.json"), file.name(),
              ": written by PyTorch before 2.8, expected a later one; export it anew");
  OCTET_CHECK(!zip.entries().empty(), file.name(), ": an empty archive");
  const std::string& first = zip.entries()[0].name;
  const std::string folder = first.substr(0, first.find('/') + 1);
  const auto record = [&](const char* name) {
    const loaders::ZipEntry* entry = zip.find(folder + name);
    return entry && entry->size < 16 ? std::string(loaders::as_text(zip.read(*entry).bytes)) : std::string();
  };
  OCTET_CHECK(record("archive_format") == "pt2", file.name(), ": no program of torch.export: archive_format is ",
              loaders::quoted(record("archive_format")), ", expected 'pt2'");
  OCTET_CHECK(record("byteorder") == "little", file.name(), ": byte order ", loaders::quoted(record("byteorder")),
              ", expected 'little'");
  OCTET_CHECK(zip.find(folder + kModel) != nullptr, file.name(), ": has no model named 'model', which torch.export.save writes");

  uint64_t budget = loaders::expansion_limit(file.bytes().size());
  const auto weights = read_tensors(zip, folder + "data/weights/", "model_weights_config.json", file.name(), budget);
  const auto constants = read_tensors(zip, folder + "data/constants/", "model_constants_config.json", file.name(), budget);
  StateDict state;
  for (const auto& [key, tensor] : weights) state.add({key, tensor, {}});
  loaders::check_finite(state, file.name());
  const Json model = read_json(zip, folder + kModel, file.name());
  reading(file.name() + ": " + kModel, [&] { read_model(model, weights, constants, program); });
  return program;
}

}  // namespace octet::networks
