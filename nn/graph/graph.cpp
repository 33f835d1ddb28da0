#include "nn/graph/graph.h"

#include <algorithm>
#include <cctype>

namespace octet::nn {

Graph Graph::clone() const {
  Graph copy;
  copy.device_ = device_;
  copy.name_counts_ = name_counts_;
  std::unordered_map<const Node*, Node*> copied;
  for (const Node& node : nodes_) {
    Node& n = copy.nodes_.emplace_back(node);
    for (Node*& input : n.inputs) input = copied.at(input);
    copied[&node] = &n;
    copy.places_[&n] = std::prev(copy.nodes_.end());
    copy.by_name_[n.name] = &n;
  }
  return copy;
}

Graph Graph::to(Device device) const {
  Graph copy = clone();
  copy.device_ = device;
  for (Node& node : copy.nodes_) {
    OCTET_CHECK(device == device_ || !is<op::Lowered>(node.op), "graph: '", node.name, "' was made for ", device_,
                " and cannot go to ", device);
    for (auto& [name, tensor] : node.parameters) tensor = tensor.to(device);
  }
  return copy;
}

std::list<Node>::iterator Graph::position_of(const Node* node) {
  const auto it = places_.find(node);
  OCTET_CHECK(it != places_.end(), "graph: the node is not in this graph");
  return it->second;
}

Node* Graph::insert(std::list<Node>::iterator position, Node node) {
  node.name = unique_name(node.name);
  const auto place = nodes_.insert(position, std::move(node));
  Node* inserted = &*place;
  places_[inserted] = place;
  by_name_[inserted->name] = inserted;
  return inserted;
}

Node* Graph::insert_after(Node* position, Node node) { return insert(std::next(position_of(position)), std::move(node)); }

void Graph::erase(Node* node) {
  const auto place = position_of(node);
  const auto used_by = users(node);
  OCTET_CHECK(used_by.empty(), "graph: cannot erase '", node->name, "', which '", used_by.empty() ? "" : used_by[0]->name,
              "' uses");
  by_name_.erase(node->name);
  places_.erase(node);
  nodes_.erase(place);
}

void Graph::erase(const std::unordered_set<const Node*>& dead) {
  for (const Node& node : nodes_)
    for (const Node* input : node.inputs)
      OCTET_CHECK(dead.contains(&node) || !dead.contains(input), "graph: cannot erase a node that '", node.name, "' uses");
  for (const Node* node : dead) {
    const auto place = position_of(node);
    by_name_.erase(node->name);
    places_.erase(node);
    nodes_.erase(place);
  }
}

void Graph::replace_uses(Node* from, Node* to) {
  for (Node& node : nodes_)
    if (&node != to) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
}

std::vector<Node*> Graph::users(const Node* node) {
  std::vector<Node*> found;
  for (Node& n : nodes_)
    if (std::find(n.inputs.begin(), n.inputs.end(), node) != n.inputs.end()) found.push_back(&n);
  return found;
}

Node* Graph::find(const std::string& name) {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second;
}

std::vector<const Node*> Graph::placeholders() const {
  std::vector<const Node*> found;
  for (const Node& node : nodes_)
    if (node.kind == NodeKind::placeholder) found.push_back(&node);
  return found;
}

const Node& Graph::output() const {
  OCTET_CHECK(!nodes_.empty() && nodes_.back().kind == NodeKind::output && !nodes_.back().inputs.empty(),
              "graph: it does not end in an output");
  return nodes_.back();
}

namespace {

/// Names that torch.fx avoids because they are Python's own; of those, the ones a model's argument or function may have.
bool is_python_builtin(const std::string& name) {
  static const char* const kBuiltins[] = {"input", "max", "min",    "sum",   "abs",  "pow", "round",
                                          "slice", "map", "filter", "range", "type", "id"};
  return std::any_of(std::begin(kBuiltins), std::end(kBuiltins), [&](const char* builtin) { return name == builtin; });
}

}  // namespace

// The rule of torch/fx/graph.py, _Namespace.create_name: dots become underscores, a leading digit gets one before it, and a name
// that is taken gets the next free suffix "_1", "_2", ... of its base.
std::string Graph::unique_name(const std::string& wanted) {
  std::string candidate = wanted;
  std::replace_if(
      candidate.begin(), candidate.end(), [](unsigned char c) { return !std::isalnum(c) && c != '_'; }, '_');
  if (candidate.empty()) candidate = "_unnamed";
  if (std::isdigit(static_cast<unsigned char>(candidate[0]))) candidate = "_" + candidate;

  std::string base = candidate;
  int suffix = 0;
  const size_t underscore = candidate.find_last_of('_');
  const std::string digits = underscore == std::string::npos ? "" : candidate.substr(underscore + 1);
  if (underscore != std::string::npos && underscore > 0 && !digits.empty() && digits.size() < 9 &&
      std::all_of(digits.begin(), digits.end(), ::isdigit)) {
    base = candidate.substr(0, underscore);
    suffix = std::stoi(digits);
    candidate = base + "_" + std::to_string(suffix);
  }
  if (suffix == 0) suffix = name_counts_[base];
  while (by_name_.contains(candidate) || is_python_builtin(candidate)) candidate = base + "_" + std::to_string(++suffix);
  name_counts_[base] = suffix;
  return candidate;
}

}  // namespace octet::nn
