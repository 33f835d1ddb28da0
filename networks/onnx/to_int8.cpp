// Two walks over the graph: backward, which finds what stands before each Quantize and which nodes are still read; forward, which
// writes the new graph.
#include "networks/onnx/to_int8.h"

#include <set>

#include "networks/names.h"
#include "networks/onnx/int8_patterns.h"
#include "networks/onnx/move_codes.h"
#include "nn/graph/check_graph.h"
#include "nn/graph/print.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;
using nn::Node;

class Converter {
 public:
  Converter(const Network& network, ops::int8::Engine engine) : in_(network.graph), patterns_(network, engine) {}

  nn::Graph convert() {
    for (auto node = in_.nodes().rbegin(); node != in_.nodes().rend(); ++node) find(*node);
    for (const Node& node : in_.nodes())
      if (read_.contains(&node)) write(node);
    nn::check_graph(out_);
    return std::move(out_);
  }

 private:
  /// Notes what the node reads, if it is read itself.
  void find(const Node& node) {
    if (node.kind == nn::NodeKind::output || node.kind == nn::NodeKind::placeholder) read_.insert(&node);
    if (!read_.contains(&node)) return;
    auto pattern = nn::is<op::Quantize>(node.op) ? patterns_.before(node) : std::nullopt;
    if (!pattern) return void(read_.insert(node.inputs.begin(), node.inputs.end()));
    read_.insert(pattern->codes.begin(), pattern->codes.end());
    found_.emplace(&node, std::move(*pattern));
  }

  void write(const Node& node) {
    if (const auto pattern = found_.find(&node); pattern != found_.end()) return write(node, pattern->second);
    Node kept = node;
    const bool computes = node.kind != nn::NodeKind::placeholder && node.kind != nn::NodeKind::output;
    if (computes) kept.name = snake_case(node.target);
    for (Node*& input : kept.inputs) input = made_.at(input);
    made_[&node] = out_.append(std::move(kept));
  }

  void write(const Node& quantize, const Pattern& pattern) {
    std::vector<Node*> inputs;
    for (const Node* codes : pattern.codes) inputs.push_back(made_.at(codes));
    for (size_t i = 0; i < pattern.int8.size(); ++i) {
      const Node& named = i == 0 || pattern.rest.empty() ? *pattern.call : *pattern.rest.back();
      Node made{
          .name = snake_case(named.target), .kind = named.kind, .target = named.target, .op = pattern.int8[i], .inputs = inputs};
      for (const char* name : nn::info(made.op).parameters)
        if (name) made.parameters[name] = named.parameter(name);
      for (const char* name : nn::info(made.op).may_have)
        if (name && named.parameters.contains(name)) made.parameters[name] = named.parameter(name);
      inputs = {out_.append(std::move(made))};
    }
    made_[&quantize] = inputs.at(0);
  }

  const nn::Graph& in_;
  const Patterns patterns_;
  nn::Graph out_;
  std::set<const Node*> read_;
  std::map<const Node*, Pattern> found_;  // by the Quantize that ends them
  std::map<const Node*, Node*> made_;
};

/// "_fc (Linear), ... and 3 more"; empty, if all calls compute with codes.
std::string float_calls(const nn::Graph& graph) {
  constexpr int kNamed = 8;
  std::string text;
  int count = 0;
  for (const Node& node : graph.nodes()) {
    const op::Info& info = nn::info(node.op);
    const bool computes = node.kind != nn::NodeKind::placeholder && node.kind != nn::NodeKind::output;
    if (!computes || info.takes != op::Values::floats || info.gives != op::Values::floats) continue;
    if (count++ < kNamed) text += str(count > 1 ? ", " : "", node.name, " (", nn::type_name(node), ")");
  }
  return count > kNamed ? str(text, " and ", count - kNamed, " more") : text;
}

}  // namespace

void to_int8(Network& network, ops::int8::Engine engine) {
  if (!network.by_octet) move_codes(network.graph);
  network.graph = Converter(network, engine).convert();
  network.weight_scales.clear();
  if (const std::string floats = float_calls(network.graph); !floats.empty())
    network.notes.push_back("in float, between codes: " + floats);
}

}  // namespace octet::networks::onnx
