// What is this file? Each kind has a mark in the names of its tensors or in its metadata, and is told by it here and nowhere else;
// only networks are told before their tensors are read (apps/common/open_model.h).
//
//   float_checkpoint   none of the marks below: what load_state_dict takes
//   qat_checkpoint     scales of fake quantization: quant/formats/qat_checkpoint.h. It needs the network, traced
//   pytorch_int8       quantized tensors: quant/formats/from_pytorch.h. It needs the network, traced, and an engine
//   octet_int8         metadata "format": quant/formats/model_file.h. It needs nothing else
//   network            a program of torch.export (networks/pt2/program.h) or ONNX (networks/onnx/model.h). It needs nothing else
//   int8_network       an ONNX model that quantizes (networks/onnx/quantized.h). It needs an engine
//   training_state     metadata "octet.training": an interrupted training, which only train_or_load --resume reads
#pragma once

#include <map>
#include <string>

#include "tensor/state_dict.h"

namespace octet::quant {

enum class FileKind { float_checkpoint, qat_checkpoint, pytorch_int8, octet_int8, network, int8_network, training_state };

/// Metadata under which apps/train/training_state.h keeps what it needs.
inline constexpr const char* kTrainingMetadata = "octet.training";
/// A weight's scale in quantization-aware training, behind its layer's path.
inline constexpr const char* kFakeQuantScale = ".weight_fake_quant.scale";

/// Of what loaders/checkpoints/checkpoint.h has read.
FileKind recognise(const StateDict& tensors, const std::map<std::string, std::string>& metadata = {});

}  // namespace octet::quant
