// The int8 model in other programs' forms: `quantize --export`.
#pragma once

#include <string>
#include <vector>

#include "loaders/checkpoints/model_card.h"
#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::apps {

/// Which files of the folder may be replaced: those that octet has written (apps/common/output_paths.h), or all.
enum class Replace { own_files, all_files };

/// Throws Error unless model.safetensors, report.json, report.html and these forms can be written into the folder, and
/// CLI::ValidationError when one of them is an input, or a file that may not be replaced.
void check_can_export(const std::string& folder, const std::vector<std::string>& forms, const std::vector<std::string>& inputs,
                      Replace replace);

/// An int8 model and what it came from. It only refers to what the program has.
struct Exported {
  const nn::Graph& prepared;
  const quant::QConfigMapping& qconfig;
  const nn::Graph& int8;
  const loaders::ModelCard& card;
  const std::vector<Shape>& input_shapes;  // of one image of each input, such as [C, H, W]
};

/// Writes one form into the folder and returns what it wrote, to be shown. All but the arrays say what the model is for.
///   "torch"   quantized.pth: quant/formats/to_pytorch.h
///   "onnx"    model.onnx, for images of the card's size: quant/formats/to_onnx.h
///   "npy"     of each layer layers/NAME.weight.npy (int8 [K, C/G, R, S]), .weight_scale.npy ([1] or [K]), .bias.npy
///             (float32 [K])
///   "c"       model.h: quant/formats/c_header.h
std::string export_int8(const std::string& form, const std::string& folder, const Exported& model);

}  // namespace octet::apps
