// The vocabulary of an op's page: what each file in nn/graph/ops/ says of its op, in its float form and in its int8 form.
//
//   kInfo            name in files, number of inputs, what it takes and gives, whose scale its codes have, how it lies in memory
//   fields(visit)    its attributes, one call each: saved and loaded from there
//   describe(...)    type and arguments as PyTorch prints them
//   run(in)          the result
//   float ops        with a scale: to_int8(form), the op that computes the same with codes; has_int8_form(), where not all have one
//   ops on codes     made_for(): the scale and zero point of each input, where the op depends on them
//                    output(): of its codes, where they are its own (Scale::own, derived)
//                    differs_from_fake_quant(input): quant/checks/compare.h
//   where it helps   check(): attributes that cannot be; algorithm(input): what an input of that shape is computed with
// nn/graph/op.cpp checks at compile time that none is missing. Training (nn/graph_module.cpp), ONNX (quant/formats/to_onnx.cpp) and
// channels last (nn/graph/passes/optimize_for_inference.cpp) translate ops one by one, without a catch-all.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "ops/engines/qparams.h"
#include "tensor/tensor.h"

namespace octet::nn {

using Parameters = std::map<std::string, Tensor>;

/// What an op computes with: the values of its inputs and the node's float tensors ("weight", "bias", ...).
struct Inputs {
  std::span<const Tensor> values;
  const Parameters& parameters;

  const Tensor& operator[](size_t i) const { return values[i]; }
  /// Undefined if the node has no such tensor.
  Tensor parameter(const std::string& name) const {
    const auto it = parameters.find(name);
    return it == parameters.end() ? Tensor() : it->second;
  }
};

/// "Conv2d", "64, 128, kernel_size=(3, 3), stride=(1, 1)".
struct Description {
  std::string type, arguments = {};
};

namespace op {

using ops::int8::Engine;
using ops::int8::QParams;

/// A layer's weight as an int8 op takes it.
struct LayerWeights {
  Tensor codes;              // qint8, shape of the float weight
  std::vector<float> scale;  // one, or one per output channel
  Tensor bias;               // float32 [K] or undefined
};

/// What conversion knows when it asks a float op for its int8 form.
struct Int8Form {
  std::vector<QParams> in;    // of each input
  QParams output;             // of the result
  bool relu = false;          // a relu follows and becomes part of it (Info::takes_relu)
  Engine engine;              // whose rounding
  LayerWeights weights = {};  // of an op with a weight
};

enum class Values { floats, codes };

/// Whose scale and zero point an op's codes have. A float op speaks of its int8 form; none: it has none and stays float.
/// fixed: always the same, because the range is known (a sigmoid's). derived: computed from its input's; no observer is asked.
enum class Scale { none, own, of_input, fixed, derived };

/// Does an op on codes say its scale and zero point itself?
constexpr bool says_output(Scale scale) { return scale == Scale::own || scale == Scale::derived; }

/// How an op takes images [N, C, H, W]: in planes, in any order (elementwise), or also channels last by a twin of its own.
enum class Layout { planes, any, has_twin };

constexpr size_t kAnyNumber = ~size_t{0};

/// A member that nobody may leave out.
template <class T>
struct Required {
  T value;
  consteval Required(T v) : value(v) {}
  constexpr operator T() const { return value; }
};

struct Info {
  Required<const char*> name;      // in model files: "quantized_relu6"
  Required<size_t> inputs;         // or kAnyNumber, which is at least one
  Required<Values> takes, gives;   // its inputs and its result
  Required<Scale> scale;           // of its codes
  Required<Layout> layout;         // of images
  QParams fixed = {0, 0};          // scale and zero point of Scale::fixed
  const char* object_type = "";    // what a qconfig calls it, where that is not the printed type: "Conv2d" also with its relu
  bool shares_observer = false;    // its result is observed by its input's observer
  bool one_scale = false;          // its inputs share the first one's observer
  bool has_weight = false;         // "weight", quantized with it, and perhaps "bias"
  bool one_weight_scale = false;   // a QConfig that says nothing of this op gives its weight one scale, not one per channel
  bool takes_relu = false;         // a relu behind it is part of its int8 form
  bool in_files = true;            // an int8 graph may hold it
  const char* parameters[4] = {};  // tensors that a node must have in a file
  const char* may_have[2] = {};    // and those that it can have
};

}  // namespace op
}  // namespace octet::nn
