// Quantization-aware training, before and after: fake quantization goes into a traced graph, and comes out as observers.
//
//   trace -> prepare_qat -> nn::GraphModule, trained -> fold_qat -> convert, fake_quantize, ... as after calibration
// PyTorch counterparts: prepare_qat_fx, and the first half of convert_fx.
#pragma once

#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {

/// trace's graph -> a copy in which batch norm is inside its convolution (op::Qat), weights go through a
/// FusedMovingAvgObsFakeQuantize, and so does every value for which insert_observers has an observer.
nn::Graph prepare_qat(const nn::Graph& traced, const QConfigMapping& mapping);

/// A trained graph -> what prepare gives: batch norm folded, every fake quantization replaced by its observer. The scales of the
/// weights are those that training chose, seen once more on the folded weight where the observer is still on, as convert_fx does.
nn::Graph fold_qat(const nn::Graph& trained);

/// fold_qat's graph -> the float model that was trained, without observers.
nn::Graph float_graph(const nn::Graph& folded);

/// Switches all observers of a graph that prepare_qat made. torch.ao.quantization.disable_observer, enable_observer.
void enable_observers(const nn::Graph& qat, bool enabled);

}  // namespace octet::quant
