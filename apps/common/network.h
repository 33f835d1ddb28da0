// A network that a file defines (.pt2 of torch.export, .onnx): with the file's own weights, or with those of a state_dict of the same
// network, whose last layer may have other classes.
#pragma once

#include "apps/common/models.h"
#include "apps/common/open_model.h"

namespace octet::apps {

/// file: of kind network.
Model from_network(const ModelFile& file);

/// file: of kind int8_network. engine: whose rules round it; else what the file says, which octet wrote, or fbgemm.
Model from_int8_network(const ModelFile& file, const std::optional<ops::int8::Engine>& engine);

/// The network of that file, with its card. Throws Error for a file of another kind.
Model open_network(const std::string& path);

/// The network with a state_dict's weights: float, or trained quantization-aware. source: the state_dict's file. Throws one Error
/// that lists all keys that do not fit.
Model with_weights(Model network, const StateDict& state, bool is_qat, const std::string& source);

/// Gives the network the classes of a state_dict that PyTorch quantized, whose weights quant/formats/from_pytorch.h reads.
void take_classes(Model& network, const StateDict& quantized, const std::string& source);

}  // namespace octet::apps
