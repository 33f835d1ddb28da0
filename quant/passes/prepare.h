// prepare: a traced graph made ready to be calibrated. PyTorch counterpart: prepare_fx.
//
//   trace -> fold_batch_norm -> fuse_relu -> insert_observers
// (The lesson is quant/passes/passes.md.)
#pragma once

#include "nn/graph/graph.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {

/// A folded, fused and observed copy.
nn::Graph prepare(const nn::Graph& traced, const QConfigMapping& mapping);

}  // namespace octet::quant
