// What stands before a Quantize and can be computed on codes: one call whose inputs are dequantized, and the clamps behind it.
//
//   codes -> Dequantize -> [factors] -> call -> Relu, Clip -> [factors] -> Quantize
// Factors of each channel are there where a file has a scale for each channel of an activation (networks/onnx/channel_scales.h).
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "networks/onnx/to_graph.h"
#include "ops/engines/engine.h"

namespace octet::networks::onnx {

struct Pattern {
  const nn::Node* call;                     // or the Dequantize itself, when there is none
  std::vector<const nn::Node*> rest = {};   // in their order
  const nn::Node* factors = nullptr;        // behind them
  std::vector<const nn::Node*> codes = {};  // that the call's inputs stand for
  std::vector<nn::Op> int8 = {};            // what all of it becomes, one op behind the other; empty: nothing to do
};

class Patterns {
 public:
  /// network: of to_graph(). It must outlive this.
  Patterns(const Network& network, ops::int8::Engine engine);

  /// Nothing, where it stays in float.
  std::optional<Pattern> before(const nn::Node& quantize) const;

 private:
  bool is_read_once(const nn::Node& node) const { return readers_.at(&node) == 1; }
  Pattern found(const nn::Node& quantize) const;
  bool belong_together(const nn::Node& quantize, const Pattern& pattern) const;
  std::optional<std::vector<nn::Op>> int8_ops(const Pattern& pattern, ops::int8::QParams output) const;

  const Network& network_;
  ops::int8::Engine engine_;
  std::map<const nn::Node*, int> readers_;
};

}  // namespace octet::networks::onnx
