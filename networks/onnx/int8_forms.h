// The int8 form of a float op between codes, by its page (nn/graph/ops/); here is what a file of ONNX may ask beyond FX: a scale of its
// own behind each call, and what may stand between a call and its codes.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "nn/graph/graph.h"

namespace octet::networks::onnx {

/// Moves values or picks the largest: on codes it does the same, in whatever scale they are.
bool moves_values(const nn::Op& op);
/// relu, relu6, hardtanh.
bool is_clamp(const nn::Op& op);

/// What computes the call and what stands behind it (`rest`: clamps and what moves values), one op behind the other; nothing, where octet
/// has no such int8 op. Rounding to codes keeps the order of values, so that the rest may come after it.
/// weight_scale: of a layer's weights, or empty. form: without weights.
std::optional<std::vector<nn::Op>> int8_forms(const nn::Node& call, const std::vector<float>& weight_scale, nn::op::Int8Form form,
                                              std::span<const nn::Op> rest);

/// The same values in another scale.
nn::Op rescaled(ops::int8::QParams from, ops::int8::QParams to);

}  // namespace octet::networks::onnx
