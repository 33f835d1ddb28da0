// The int8 model in other programs' forms: `quantize --export`.
#pragma once

#include <string>
#include <vector>

#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::apps {

/// Throws Error unless model.safetensors, report.json and these forms can be written into the folder, and
/// CLI::ValidationError when one of them is an input.
void check_can_export(const std::string& folder, const std::vector<std::string>& forms, const std::vector<std::string>& inputs);

/// Writes one form into the folder and returns what it wrote, to be shown:
///   "torch"   quantized.pth: quant/formats/to_pytorch.h
///   "onnx"    model.onnx, for images of 224 px: quant/formats/to_onnx.h
///   "npy"     of each layer layers/NAME.weight.npy (int8 [K, C/G, R, S]), .weight_scale.npy ([1] or [K]), .bias.npy
///             (float32 [K])
///   "c"       model.h: quant/formats/c_header.h
std::string export_int8(const std::string& form, const std::string& folder, const nn::Graph& prepared,
                        const quant::QConfigMapping& qconfig, const nn::Graph& int8);

}  // namespace octet::apps
