// Graph: what trace() makes of a recording, what every pass of quant/ changes, and what the executor runs.
//
// A list of nodes in the order in which they run. Nodes are called as torch.fx names them ("_0_4_0_conv1", "add_1"), so that each
// can be compared with the node of the same name in PyTorch. PyTorch counterpart: torch.fx.Graph.
#pragma once

#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "nn/graph/op.h"

namespace octet::nn {

enum class NodeKind { placeholder, call_module, call_function, output };

struct Node {
  std::string name;
  NodeKind kind = NodeKind::call_function;
  std::string target = {};  // module path, or function name
  Op op = {};
  std::vector<Node*> inputs = {};
  Parameters parameters = {};                    // float layers: weight, bias, running_mean, running_var
  bool fusable = true;                           // torch.fx fuses this call with its neighbours: F.relu, but not torch.relu
  bool quantizable = true;                       // torch.fx has an int8 form of this call, if the op has one
  std::string scope = {};                        // a function's: the path of the module that calls it ("layer1.0")
  std::map<std::string, std::string> meta = {};  // what passes note about it and nn does not read; torch.fx.Node.meta

  /// The parameter, or an undefined tensor.
  Tensor parameter(const std::string& key) const {
    const auto it = parameters.find(key);
    return it == parameters.end() ? Tensor() : it->second;
  }
};

/// In Node::meta, of an affine: the key of its constant in the network's state_dict; a number of the code has none.
constexpr const char* kConstantKey = "constant_key";

class Graph {
 public:
  Graph() = default;
  Graph(Graph&&) = default;  // nodes stay where they are; the graph that was moved from is empty
  Graph& operator=(Graph&&) = default;

  /// A copy with its own nodes; tensors, int8 layers and observers are shared.
  Graph clone() const;

  /// Where it runs: its float parameters are there.
  Device device() const { return device_; }
  /// A copy that runs on that device. int8 layers and observers go with it as they are: they follow their inputs. Throws Error
  /// for a graph of nn/graph/passes/optimize_for_inference.h, which is made for its device.
  Graph to(Device device) const;

  const std::list<Node>& nodes() const { return nodes_; }
  std::list<Node>& nodes() { return nodes_; }

  /// Adds a node at the end, or behind another one. The name is made unique as torch.fx does it.
  Node* append(Node node) { return insert(nodes_.end(), std::move(node)); }
  Node* insert_after(Node* position, Node node);

  /// Removes a node that nobody uses any more.
  void erase(Node* node);
  /// Removes them all in one walk; nobody else uses them any more.
  void erase(const std::unordered_set<const Node*>& dead);

  /// Makes every user of `from` use `to` instead; `to` itself keeps its inputs.
  void replace_uses(Node* from, Node* to);

  std::vector<Node*> users(const Node* node);

  /// Reserves and returns the unique name that the next node of that name would get. A pass that replaces nodes one by one, as
  /// torch.fx's do, names the new ones while the old ones are still there.
  std::string take_name(const std::string& wanted) {
    const std::string name = unique_name(wanted);
    by_name_[name] = nullptr;
    return name;
  }

  /// The node of that name, or null.
  Node* find(const std::string& name);

  /// The nodes that stand for the inputs, in their order.
  std::vector<const Node*> placeholders() const;

  /// The single output node, whose inputs are the results. Throws Error if the graph has no output.
  const Node& output() const;

 private:
  Node* insert(std::list<Node>::iterator position, Node node);
  std::list<Node>::iterator position_of(const Node* node);
  std::string unique_name(const std::string& wanted);

  Device device_ = Device::cpu;
  std::list<Node> nodes_;
  std::unordered_map<std::string, int> name_counts_;  // by base name: the largest suffix given so far
  std::unordered_map<std::string, Node*> by_name_;
  std::unordered_map<const Node*, std::list<Node>::iterator> places_;
};

}  // namespace octet::nn
