// The state_dict of a model in quantization-aware training, ours or PyTorch's (prepare_qat_fx(...).state_dict(); the keys are the
// same), as a graph that convert can take over.
#pragma once

#include "quant/qat/prepare_qat.h"
#include "tensor/state_dict.h"

namespace octet::quant {

struct TrainedQat {
  nn::Graph folded;        // quant/qat/prepare_qat.h: fold_qat
  QConfigMapping mapping;  // of the training
};

/// traced: nn::trace's graph of any network, of which only the structure and the shapes count. The backend is not in the file:
/// qnnpack has one scale per weight, x86 halves the codes of activations, onednn does not, and the saved scales tell which it
/// was. Throws one Error that lists all keys that do not fit, or naming a scale that is none of these.
TrainedQat load_qat(const nn::Graph& traced, const StateDict& state, const std::string& source);

}  // namespace octet::quant
