#include "nn/graph/print.h"

#include "nn/graph/ops.h"
#include "tensor/text.h"

namespace octet::nn {
namespace {

constexpr int kDeepest = 64;  // modules in modules; names come from files, and what prints them is recursive

Description description(const Node& node) {
  return visit([&](const auto& o) { return o.describe(node.parameters); }, node.op);
}

/// The tree that module paths make: "0.4.0.conv1" is the leaf conv1 below 0, 4, 0.
struct Tree {
  std::string name, leaf;  // leaf: the description, empty for a branch
  std::vector<Tree> children;
  std::unordered_map<std::string, size_t> place_of;  // a child's

  Tree& child(const std::string& wanted) {
    const auto [it, is_new] = place_of.emplace(wanted, children.size());
    if (is_new) children.push_back({.name = wanted, .leaf = "", .children = {}, .place_of = {}});
    return children[it->second];
  }

  std::string to_string(int depth, const char* type) const {
    std::string text = str(type, "(\n");
    const std::string indent(static_cast<size_t>(2 * depth + 2), ' ');
    for (const Tree& c : children)
      text += str(indent, "(", printable(c.name), "): ", c.children.empty() ? c.leaf : c.to_string(depth + 1, "Module"), "\n");
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

std::string type_name(const Node& node) { return description(node).type; }

std::string describe(const Node& node) {
  const Description d = description(node);
  return d.type + "(" + d.arguments + ")";
}

std::string modules_to_string(const Graph& graph) {
  Tree root;
  for (const Node& node : graph.nodes()) {
    if (node.kind != NodeKind::call_module) continue;
    Tree* at = &root;
    int depth = 0;
    for (size_t begin = 0; begin <= node.target.size();) {
      const bool deep = ++depth == kDeepest;  // what is below goes into one name
      const size_t end = deep ? node.target.size() : std::min(node.target.find('.', begin), node.target.size());
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
      text += str("    %", node.name, " : [num_users=", users[&node], "] = ", kind_name(node.kind),
                  "[target=", printable(node.target), "]",
                  node.kind == NodeKind::placeholder ? "" : "(args = (" + arguments + "))", "\n");
  }
  return text;
}

}  // namespace octet::nn
