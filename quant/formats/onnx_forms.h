// Ops that ONNX's operators of version 13 have under other names or options, or only as several calls. Each writes the calls and
// returns the result's name; x: the value that it reads, of `shape` where that matters (the first dimension is left free).
#pragma once

#include "nn/graph/ops/affine.h"
#include "nn/graph/ops/group_norm.h"
#include "nn/graph/ops/interpolate.h"
#include "nn/graph/ops/layer_norm.h"
#include "nn/graph/ops/pad.h"
#include "quant/formats/onnx_graph.h"

namespace octet::quant {

/// x * (1 + erf(x / sqrt(2))) / 2, or by tanh.
std::string onnx_gelu(OnnxGraph& graph, const std::string& x, bool by_tanh);
/// x * (1/6) + 0.5, from 0 to 1.
std::string onnx_hardsigmoid(OnnxGraph& graph, const std::string& x);
std::string onnx_clip(OnnxGraph& graph, const std::string& x, float low, float high);
std::string onnx_view(OnnxGraph& graph, const std::string& x, const std::vector<int64_t>& channels, ops::Size2 image);
std::string onnx_permute(OnnxGraph& graph, const std::string& x, const std::vector<int64_t>& dims);
std::string onnx_slice(OnnxGraph& graph, const std::string& x, int64_t begin, int64_t end);
std::string onnx_interpolate(OnnxGraph& graph, const std::string& x, ops::Size2 image, const ops::InterpolateOptions& o);
std::string onnx_pad(OnnxGraph& graph, const std::string& x, const ops::PadOptions& o);
std::string onnx_prelu(OnnxGraph& graph, const std::string& x, const Shape& shape, const Tensor& weight);
std::string onnx_affine(OnnxGraph& graph, const std::string& x, const Shape& shape, const nn::op::Affine& o,
                        const Tensor& constant);
std::string onnx_layer_norm(OnnxGraph& graph, const std::string& x, const nn::op::LayerNorm& o, const nn::Parameters& parameters);
std::string onnx_group_norm(OnnxGraph& graph, const std::string& x, const Shape& shape, const nn::op::GroupNorm& o,
                            const nn::Parameters& parameters);

}  // namespace octet::quant
