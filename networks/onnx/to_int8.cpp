// Two walks over the graph: backward, which finds what stands before each quantize and which nodes are still read; forward, which
// writes the new graph.
#include "networks/onnx/to_int8.h"

#include <algorithm>
#include <set>

#include "networks/names.h"
#include "networks/onnx/int8_forms.h"
#include "nn/graph/check_graph.h"
#include "nn/graph/print.h"

namespace octet::networks::onnx {
namespace {

namespace op = nn::op;
using nn::Node;
using ops::int8::QParams;

/// What stands between codes and a quantize, from its call to the clamps behind it.
struct Pattern {
  const Node* call;
  std::vector<const Node*> clamps = {};
  std::vector<nn::Op> int8 = {};  // what they become, one behind the other
};

bool is_clamp(const nn::Op& o) { return nn::is<op::Relu>(o) || nn::is<op::Relu6>(o) || nn::is<op::Hardtanh>(o); }

class Converter {
 public:
  Converter(const Network& network, ops::int8::Engine engine) : in_(network.graph), network_(network), engine_(engine) {
    for (const Node& node : in_.nodes())
      for (const Node* input : node.inputs) ++readers_[input];
  }

  nn::Graph convert() {
    for (auto node = in_.nodes().rbegin(); node != in_.nodes().rend(); ++node) find(*node);
    for (const Node& node : in_.nodes())
      if (read_.contains(&node)) write(node);
    nn::check_graph(out_);
    return std::move(out_);
  }

 private:
  /// Notes whether the node is read, and what it reads itself.
  void find(const Node& node) {
    if (node.kind == nn::NodeKind::output || node.kind == nn::NodeKind::placeholder) read_.insert(&node);
    if (!read_.contains(&node)) return;
    if (nn::is<op::Quantize>(node.op))
      if (auto pattern = pattern_of(node)) {
        for (const Node* input : pattern->call->inputs) read_.insert(codes_of(*pattern->call, *input));
        patterns_.emplace(&node, std::move(*pattern));
        return;
      }
    read_.insert(node.inputs.begin(), node.inputs.end());
  }

  /// The codes that an input of a call stands for.
  static const Node* codes_of(const Node& call, const Node& input) {
    return nn::is<op::Dequantize>(call.op) ? &input : input.inputs.at(0);
  }

  std::optional<Pattern> pattern_of(const Node& quantize) const {
    Pattern pattern{quantize.inputs.at(0)};
    const auto reads_codes = [](const Node& node) {
      return !node.inputs.empty() &&
             std::ranges::all_of(node.inputs, [](const Node* input) { return nn::is<op::Dequantize>(input->op); });
    };
    while (is_clamp(pattern.call->op) && !reads_codes(*pattern.call) && readers_.at(pattern.call->inputs.at(0)) == 1) {
      pattern.clamps.insert(pattern.clamps.begin(), pattern.call);
      pattern.call = pattern.call->inputs.at(0);
    }
    const Node& call = *pattern.call;
    const QParams output = std::get<op::Quantize>(quantize.op).to;
    if (!belong_together(quantize, pattern)) return std::nullopt;
    if (const auto* same = std::get_if<op::Dequantize>(&call.op)) {
      if (same->from != output) pattern.int8.push_back(rescaled(same->from, output));
      return pattern;
    }
    if (!reads_codes(call)) return std::nullopt;
    std::vector<const nn::Op*> clamps;
    for (const Node* clamp : pattern.clamps) clamps.push_back(&clamp->op);
    op::Int8Form form{.in = {}, .output = output, .engine = engine_};
    for (const Node* input : call.inputs) form.in.push_back(std::get<op::Dequantize>(input->op).from);
    auto int8 = int8_forms(call, scales_of(call), std::move(form), clamps);
    if (!int8) return std::nullopt;
    pattern.int8 = std::move(*int8);
    return pattern;
  }

  /// octet's own files say which float ops were one node: all have its name, and so have its codes.
  bool belong_together(const Node& quantize, const Pattern& pattern) const {
    if (!network_.by_octet || nn::is<op::Dequantize>(pattern.call->op)) return true;
    return pattern.call->target == quantize.target &&
           std::ranges::all_of(pattern.clamps, [&](const Node* clamp) { return clamp->target == quantize.target; });
  }

  const std::vector<float>& scales_of(const Node& layer) const {
    static const std::vector<float> kNone;
    const auto it = network_.weight_scales.find(&layer);
    return it == network_.weight_scales.end() ? kNone : it->second;
  }

  void write(const Node& node) {
    if (const auto pattern = patterns_.find(&node); pattern != patterns_.end()) return write(node, pattern->second);
    Node kept = node;
    kept.name = node.kind == nn::NodeKind::placeholder || node.kind == nn::NodeKind::output ? node.name : snake_case(node.target);
    for (Node*& input : kept.inputs) input = made_.at(input);
    made_[&node] = out_.append(std::move(kept));
  }

  void write(const Node& quantize, const Pattern& pattern) {
    std::vector<Node*> inputs;
    for (const Node* input : pattern.call->inputs) inputs.push_back(made_.at(codes_of(*pattern.call, *input)));
    for (size_t i = 0; i < pattern.int8.size(); ++i) {
      const Node& named = i == 0 ? *pattern.call : pattern.clamps.empty() ? *pattern.call : *pattern.clamps.back();
      Node made{
          .name = snake_case(named.target), .kind = named.kind, .target = named.target, .op = pattern.int8[i], .inputs = inputs};
      for (const char* name : nn::info(made.op).parameters)
        if (name) made.parameters[name] = named.parameter(name);
      inputs = {out_.append(std::move(made))};
    }
    made_[&quantize] = inputs.at(0);
  }

  const nn::Graph& in_;
  const Network& network_;
  ops::int8::Engine engine_;
  nn::Graph out_;
  std::map<const Node*, int> readers_;
  std::set<const Node*> read_;
  std::map<const Node*, Pattern> patterns_;  // by the quantize that ends them
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
  network.graph = Converter(network, engine).convert();
  network.weight_scales.clear();
  if (const std::string floats = float_calls(network.graph); !floats.empty())
    network.notes.push_back("in float, between codes: " + floats);
}

}  // namespace octet::networks::onnx
