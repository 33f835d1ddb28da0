#include "networks/pt2/to_graph.h"

#include <algorithm>
#include <set>

#include "loaders/files/bytes.h"
#include "networks/names.h"
#include "networks/pt2/operations.h"
#include "nn/graph/ops/function.h"

namespace octet::networks {
namespace {

using loaders::printable;
using nn::Node;

/// "'features.0' (squeezenet.py:95: x = self.features(x))".
std::string place_of(const Call& call) {
  return str("'", printable(call.module), "'", call.source.empty() ? "" : " (" + printable(call.source) + ")");
}

class Builder {
 public:
  explicit Builder(const Program& program) : program_(program) {}

  nn::Graph build() {
    begin();
    for (const Call& call : program_.calls) add(call);
    refuse_problems();
    Node output{.name = "output", .kind = nn::NodeKind::output, .target = "output", .op = nn::op::Output{}};
    for (const std::string& name : program_.outputs) output.inputs.push_back(value(name).node);
    graph_.append(std::move(output));
    return std::move(graph_);
  }

 private:
  /// A value of the program. Views of one another share memory.
  struct Known {
    Node* node;
    int memory;
  };
  /// The calls of one operation that octet lacks.
  struct Unsupported {
    int count = 0;
    std::string first;  // place_of
  };

  void begin() {
    OCTET_CHECK(!program_.inputs.empty() && !program_.outputs.empty(), program_.file, ": a network of ", program_.inputs.size(),
                " inputs and ", program_.outputs.size(), " outputs, expected at least one of each");
    for (const std::string& name : program_.inputs) {
      Node* node = graph_.append({.name = name, .kind = nn::NodeKind::placeholder, .target = name, .op = nn::op::Placeholder{}});
      known_[name] = {node, memories_++};
    }
  }

  void add(const Call& call) {
    if (is_of_numbers(call)) return;
    if (!is_supported(call)) {
      Unsupported& row = unsupported_[call.target];
      if (row.count++ == 0) row.first = place_of(call);
      return;
    }
    try {
      OCTET_CHECK(!call.outputs.empty(), "gives nothing, expected a tensor");
      std::vector<Made> made = make(program_, call);
      for (size_t i = 0; i < made.size(); ++i) append(call, call.outputs.at(i), std::move(made[i]));
    } catch (const Error& error) {
      problems_.push_back(str(printable(call.target), " of ", place_of(call), ": ", error.what()));
    }
  }

  /// Makes a node of an output of the call. Calls whose inputs could not be made are left out: the reason is among the problems
  /// already.
  void append(const Call& call, const std::string& output, Made made) {
    if (!std::ranges::all_of(made.inputs, [&](const std::string& input) { return known_.contains(input); })) return;
    check_layer(call);
    const Known first = value(made.inputs[0]);
    Known result{first.node, first.memory};
    if (made.op) {
      const bool is_part = nn::is<nn::op::Slice>(*made.op);  // in Python x[...], as each part of a chunk is
      const std::string function = is_part ? "getitem" : made.function.empty() ? function_name(call.target) : made.function;
      const std::string target = call.is_layer ? call.module : function;
      const Form form = form_of(call);
      Node node{.name = snake_case(target),
                .kind = call.is_layer ? nn::NodeKind::call_module : nn::NodeKind::call_function,
                .target = target,
                .op = *made.op,
                .parameters = std::move(made.parameters),
                .fusable = form.fusable,
                .quantizable = form.quantizable,
                .scope = call.is_layer ? "" : call.module};
      if (!made.key.empty()) node.meta[nn::kConstantKey] = made.key;
      for (const std::string& input : made.inputs) node.inputs.push_back(value(input).node);
      result.node = graph_.append(std::move(node));
      if (!made.is_view) result.memory = memories_++;
    }
    if (works_in_place(call.target)) overwrite(first, result);
    known_[output] = result;
  }

  /// An operation in place: who reads the old value by any of its names gets the new one from now on. Other views of that memory
  /// have changed, too, and may not be read any more.
  void overwrite(const Known& old, const Known& result) {
    for (auto& [name, known] : known_) {
      if (known.node == old.node)
        known = result;
      else if (known.memory == old.memory)
        stale_.insert(name);
    }
  }

  Known value(const std::string& name) {
    OCTET_CHECK(!stale_.contains(name), "reads ", loaders::quoted(name), ", a view of a value that was overwritten since");
    const auto it = known_.find(name);
    OCTET_CHECK(it != known_.end(), program_.file, ": the value ", loaders::quoted(name), " is never made; the file is damaged");
    return it->second;
  }

  /// A module of torch.nn is one node, as torch.fx has it; so it must compute with one operation.
  void check_layer(const Call& call) {
    if (!call.is_layer) return;
    const std::string name = function_name(call.target);
    const std::string& first = operation_of_.emplace(call.module, name).first->second;
    OCTET_CHECK(name == first, "the module computes with several operations (", first, ", too), expected one");
  }

  void refuse_problems() const {
    std::string text;
    for (const auto& [target, row] : unsupported_)
      text += str(text.empty() ? "octet lacks " : "; ", printable(target), ", ", row.count,
                  row.count == 1 ? " call in " : " calls, first in ", row.first);
    for (const std::string& problem : problems_) text += (text.empty() ? "" : "; ") + problem;
    OCTET_CHECK(text.empty(), program_.file, ": ", text);
  }

  const Program& program_;
  nn::Graph graph_;
  std::map<std::string, Known> known_;
  int memories_ = 0;
  std::set<std::string> stale_;
  std::map<std::string, std::string> operation_of_;  // by path of a layer
  std::map<std::string, Unsupported> unsupported_;   // by operation
  std::vector<std::string> problems_;
};

}  // namespace

nn::Graph to_graph(const Program& program) { return Builder(program).build(); }

}  // namespace octet::networks
