#include "networks/onnx/names.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace octet::networks::onnx {
namespace {

using std::string_view;

/// "/layer1/layer1.0/conv1/Conv" -> {"layer1", "layer1.0", "conv1"}.
std::vector<std::string> scopes_of(const std::string& name) {
  std::vector<std::string> scopes;
  for (size_t begin = 1, end; (end = name.find('/', begin)) != name.npos; begin = end + 1)
    scopes.push_back(name.substr(begin, end - begin));
  return scopes;
}

/// {"layer1", "layer1.0", "conv1"} -> "layer1.0.conv1". A child of a numbered container repeats the container's own name
/// (torch/onnx/utils.py, _unqualified_variable_name).
std::string path_of(const std::vector<std::string>& scopes, size_t count) {
  std::string path, last;
  for (size_t i = 0; i < count; ++i) {
    const std::string& scope = scopes[i];
    const bool repeats = !last.empty() && scope.starts_with(last + ".");
    if (repeats)
      path += scope.substr(last.size());
    else
      path += (path.empty() ? "" : ".") + scope;
    last = scope;
  }
  return path;
}

/// "['', 'layer1', 'layer1.0']" -> its texts. Source: str() of a list of Python.
std::vector<std::string> texts_of(string_view list) {
  std::vector<std::string> texts;
  for (size_t begin; (begin = list.find('\'')) != list.npos;) {
    const size_t end = list.find('\'', begin + 1);
    if (end == list.npos) break;
    texts.emplace_back(list.substr(begin + 1, end - begin - 1));
    list.remove_prefix(end + 1);
  }
  return texts;
}

/// The outermost module that is of torch.nn and no container is a node of its own (torch/fx/_symbolic_trace.py, is_leaf_module).
/// The last of the texts is the call itself.
Origin from_hierarchy(const std::vector<std::string>& paths, const std::vector<std::string>& classes) {
  Origin origin;
  for (size_t i = 0; i + 1 < std::min(paths.size(), classes.size()) && !origin.is_layer; ++i) {
    origin.module = paths[i].substr(0, paths[i].find('@'));  // "@1": called again
    origin.is_layer = classes[i].starts_with("torch.nn.") && !classes[i].starts_with("torch.nn.modules.container.");
  }
  return origin;
}

std::string entry(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto it = metadata.find(key);
  return it == metadata.end() ? "" : it->second;
}

/// "features.0.0.weight" -> "features.0.0". Of a batch norm it is not asked: exporters keep one of several equal tensors, and those of
/// batch norms are often equal, before a training. (Of a convolution that took in a batch norm, the metadata names the latter.)
std::string owner_of_weight(const Node& node) {
  constexpr string_view kEnd = ".weight";
  const bool has_weight = node.op_type == "Conv" || node.op_type == "Gemm";
  if (!has_weight || node.inputs.size() < 2 || !node.inputs[1].ends_with(kEnd)) return "";
  return node.inputs[1].substr(0, node.inputs[1].size() - kEnd.size());
}

}  // namespace

Names::Names(const Model& model) : by_octet_(model.producer == "octet") {
  for (const Node& node : model.nodes) {
    if (!node.name.starts_with('/')) continue;
    const std::vector<std::string> scopes = scopes_of(node.name);
    modules_.insert(path_of(scopes, scopes.size()));
    for (size_t i = 0; i < scopes.size(); ++i) parents_.insert(path_of(scopes, i));
  }
}

Origin Names::of(const Node& node) const {
  if (by_octet_) return {node.name.substr(0, node.name.rfind('_')), true};
  if (const std::string owner = owner_of_weight(node); !owner.empty()) return {owner, true};
  const std::string paths = entry(node.metadata, "pkg.torch.onnx.name_scopes");
  if (!paths.empty()) return from_hierarchy(texts_of(paths), texts_of(entry(node.metadata, "pkg.torch.onnx.class_hierarchy")));
  if (!node.name.starts_with('/')) return {node.name.empty() && !node.outputs.empty() ? node.outputs[0] : node.name, true};
  const std::vector<std::string> scopes = scopes_of(node.name);
  std::string path = path_of(scopes, scopes.size());
  if (path.empty() || parents_.contains(path)) return {path, false};
  const size_t again = path.find_last_not_of("0123456789");  // "relu_1": called again
  const bool repeated = again != path.npos && again + 1 < path.size() && path[again] == '_';
  if (repeated && modules_.contains(path.substr(0, again))) path.resize(again);
  return {path, true};
}

}  // namespace octet::networks::onnx
