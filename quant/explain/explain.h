// explain: where a number of an int8 graph comes from, and whether every number is what its definition says (definitions.h).
//
// A node is fed what the graph itself gave its inputs, so that a wrong kernel is found at its own node and at no other. It is the
// notebook's hand check (quant/checks/verify_by_hand.h) for every op and every output.
#pragma once

#include <functional>
#include <optional>

#include "nn/graph/executor.h"
#include "quant/explain/operand.h"

namespace octet::quant {

struct Explanation {
  std::string type;                                // "QuantizedConvReLU2d(64, 64, kernel_size=(3, 3), ...)"
  std::vector<std::string> lines;                  // the arithmetic, in order
  Shape shape;                                     // of the node's result without the images, channels first
  float by_octet = 0;                              // the code, or the float, that the graph gave
  std::optional<float> by_definition = {};         // nothing for an op in float: what it computes is no matter of codes
  std::optional<ops::int8::QParams> qparams = {};  // of a code
};

/// Does any node compute with codes?
bool has_codes(const nn::Graph& graph);

/// The node of that name, or the one that calls the module of that path ("layer1.0.conv1"). Throws Error with the nearest names.
const nn::Node& find_node(const nn::Graph& graph, const std::string& name);

/// indices: of the result of one image, channels first: [k, p, q], or [k] of rows. Throws Error for a place outside of the shape.
Place place_in(const Shape& shape, const std::vector<int64_t>& indices, int64_t image);

/// One output of a node, for image `image` of the batch. Throws Error as place_in.
Explanation explain(const nn::Graph& graph, const nn::Batch& batch, const nn::Node& node, const std::vector<int64_t>& indices,
                    int64_t image = 0);

/// One node's outputs against its definition.
struct NodeCheck {
  std::string name, type;
  std::string way = {};             // of a convolution, with what it was computed: "direct"; "fused": as predict runs the graph
  int64_t total = 0, equal = 0;     // 0 of 0 for an op in float
  std::optional<Place> first = {};  // that differs
  float by_definition = 0, by_octet = 0;  // there
};

/// Every output of every node on codes, and of dequantize. A convolution is computed in each way that this CPU has, and the graph also as
/// optimize_for_inference makes it. on_check: called with each row as soon as it is there.
std::vector<NodeCheck> check_all(const nn::Graph& graph, const nn::Batch& batch,
                                 const std::function<void(const NodeCheck&)>& on_check = {});

}  // namespace octet::quant
