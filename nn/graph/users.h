// Users: which nodes read the result of each node, found once and kept right while a pass changes inputs through it. Graph::users
// walks over the whole graph for one node, so that a pass which asks for every node would take time that grows with the square of
// their number. A pass notes the nodes that it has done away with, and erases them together at its end.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "nn/graph/graph.h"

namespace octet::nn {

class Users {
 public:
  explicit Users(Graph& graph) : graph_(graph) {
    for (Node& node : graph.nodes()) add(node);
  }

  /// The only node that reads this one's result, or null.
  Node* only(const Node* node) const {
    const auto it = of_.find(node);
    return it == of_.end() || it->second.size() != 1 ? nullptr : *it->second.begin();
  }

  void set_inputs(Node& user, std::vector<Node*> inputs) {
    remove(user);
    user.inputs = std::move(inputs);
    add(user);
  }

  /// Makes every user of `from` use `to` instead; `from` reads nothing any more and is erased with the others.
  void replace(Node* from, Node* to) {
    const std::unordered_set<Node*> users = std::exchange(of_[from], {});
    drop(from);
    for (Node* user : users) {
      for (Node*& input : user->inputs)
        if (input == from) input = to;
      of_[to].insert(user);
    }
  }

  /// A node that nobody reads any more.
  void drop(Node* node) {
    remove(*node);
    dead_.insert(node);
  }

  void erase_dropped() { graph_.erase(std::exchange(dead_, {})); }

 private:
  void add(Node& user) {
    for (const Node* input : user.inputs) of_[input].insert(&user);
  }
  void remove(Node& user) {
    for (const Node* input : user.inputs) of_[input].erase(&user);
  }

  Graph& graph_;
  std::unordered_map<const Node*, std::unordered_set<Node*>> of_;
  std::unordered_set<const Node*> dead_;
};

}  // namespace octet::nn
