// node_errors: how far each node of the int8 graph is from the float value that it stands for, and what of that is its own.
//
//   partner      the float value that its observer saw: of a convolution, the folded one with its relu, not the node of the same name
//   local        the int8 node is fed the partners' values of its inputs, quantized: what it loses by itself
//   cumulative   the int8 graph runs: what has been lost up to here
//   fake_quant   the fake-quant graph runs: the same without the rounding of biases and of requantization
//   SQNR: quant/checks/sqnr.h; cosine(x, y) = x.y / (|x| |y|), x the float value, y the other
// (torch.ao.ns.fx.utils: compute_sqnr, compute_cosine_similarity)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nn/graph/executor.h"
#include "ops/engines/quantized_layer.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {

/// What a layer's weight codes stand for: code * scale, float32 of their shape.
Tensor dequantized_weight(const ops::int8::QuantizedLayer& layer);

/// The largest magnitude of each output channel of a weight [K, ...].
std::vector<float> largest_magnitudes(const Tensor& weight);

/// Of a value that is not exact: infinite decibels where nothing differs.
struct Closeness {
  double sqnr = 0, cosine = 0;
};
/// float32 tensors of one shape. A value of zeros has cosine 1 with itself and 0 with any other.
Closeness closeness(const Tensor& value, const Tensor& other);

struct NodeError {
  std::string name, type;         // of the int8 graph: "layer1_0_conv1", "QuantizedConvReLU2d"
  std::string partner, observer;  // nodes of the prepared graph
  Closeness local = {}, cumulative = {}, fake_quant = {};
  std::optional<double> weight_sqnr = {};    // of a layer: its weight against its codes
  int64_t codes_used = 0;                    // of 256, in the int8 run
  double clipped_low = 0, clipped_high = 0;  // share of the float values below the smallest code's, above the largest's
  std::vector<float> largest_error = {};     // of each channel, cumulative
  Tensor float_value = {}, int8_value = {};  // of the batch's first row: [1, C, H, W] or [1, C], float32
};

/// Of each node of int8 whose scale an observer chose, in the order of the graph; over all rows of the batch, which run one by one.
/// prepared: calibrated; its observers see nothing here. int8: convert's of it.
std::vector<NodeError> node_errors(const nn::Graph& prepared, const QConfigMapping& mapping, const nn::Graph& int8,
                                   const nn::Batch& batch);

}  // namespace octet::quant
