// The int8 model in other programs' forms: `quantize --export`.
#pragma once

#include <string>

#include "nn/graph.h"
#include "quant/qconfig_mapping.h"

namespace octet::apps {

/// Writes one form into the folder and returns what it wrote, to be shown:
///   "torch"   quantized.pth: quant/to_pytorch.h
///   "npy"     layers/NAME.weight.npy (int8 [K, C/G, R, S]), .weight_scale.npy ([1] or [K]), .bias.npy (float32 [K]) of each
///   layer "c"       model.h: quant/c_header.h
std::string export_int8(const std::string& form, const std::string& folder, const nn::Graph& prepared,
                        const quant::QConfigMapping& qconfig, const nn::Graph& int8);

}  // namespace octet::apps
