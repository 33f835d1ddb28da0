// Constants of a graph and what is computed of them and of shapes alone, without an image: the Shape, Gather, Concat, ... that
// exporters write in front of a Reshape, weights that are cast or transposed, a bias of zeros.
//
// Whole numbers of any type are kept as int64, bool too; a free size is a mark (networks/onnx/values.h).
#pragma once

#include <optional>

#include "networks/onnx/call.h"

namespace octet::networks::onnx {

/// As kept: whole numbers as int64.
Tensor as_constant(const Tensor& tensor, Budget& budget);

/// The result, if it does not depend on the image and the operator is one of these. Throws Error, without a place, for forms of them
/// that it lacks.
std::optional<Tensor> fold(const Call& call);

}  // namespace octet::networks::onnx
