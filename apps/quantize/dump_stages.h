// quantize --dump DIR: what every node gives at each stage, for a few images, and which of them belong together.
//
//   float/NAME.npy        the float graph with its batch norms folded and relus fused, float32 [N, C, H, W]
//   fake_quant/NAME.npy   the fake-quant graph, float32
//   int8/NAME.npy         the int8 graph; of nodes with codes uint8 [N, C, H, W]
//   partners.json         of each node with codes: its float and fake-quant partners' files, its observer, scale and zero point
// The prepared graph gives what the float graph does; its observers change nothing.
#pragma once

#include <string>

#include "nn/graph/executor.h"
#include "quant/qconfig/qconfig_mapping.h"

namespace octet::apps {

/// prepared: calibrated; int8: convert's of it. Makes the folders; files that are there are replaced.
void dump_stages(const std::string& folder, const nn::Graph& prepared, const quant::QConfigMapping& mapping,
                 const nn::Graph& int8, const nn::Batch& batch);

}  // namespace octet::apps
