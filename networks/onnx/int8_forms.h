// The int8 form of a float op between codes, by its page (nn/graph/ops/); here is what a file of ONNX may ask beyond FX: a scale of its
// own behind each call, and clamps behind it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "nn/graph/graph.h"

namespace octet::networks::onnx {

/// What computes the call and the clamps behind it, one op behind the other; nothing, where octet has no such int8 op.
/// weight_scale: of a layer's weights, or empty. form: without weights.
std::optional<std::vector<nn::Op>> int8_forms(const nn::Node& call, const std::vector<float>& weight_scale, nn::op::Int8Form form,
                                              std::span<const nn::Op> clamps);

/// The same values in another scale.
nn::Op rescaled(ops::int8::QParams from, ops::int8::QParams to);

}  // namespace octet::networks::onnx
