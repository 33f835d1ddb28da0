// QConfigMapping as JSON, in the form of PyTorch's QConfigMapping.to_dict:
//
//   {"": QCONFIG,                                                        the global one
//    "object_type": {"Linear": null, "add": QCONFIG},                    null keeps the layers in float
//    "module_name_regex": {"layer4\\..*": QCONFIG},
//    "module_name": {"conv1": null}}
//   QCONFIG  {"activation": OBSERVER, "weight": OBSERVER}
//   OBSERVER {"observer": "HistogramObserver", "dtype": "quint8", "qscheme": "affine" or "symmetric", "reduce_range": false,
//             "quant_min": 0, "quant_max": 255, "per_channel": false, "averaging_constant": 0.01, "percentile": 99.999}
//            {"observer": "FixedQParamsObserver", "scale": 0.00390625, "zero_point": 0}
// What is left out is as the backend's default has it.
#pragma once

#include <string>

#include "quant/qconfig/qconfig_mapping.h"

namespace octet::quant {

/// Changes `mapping` by the text. Throws Error (naming `source`) for text that is no JSON, an unknown key or a value that cannot
/// be.
void apply_json(QConfigMapping& mapping, const std::string& text, const std::string& source);

/// The whole mapping; apply_json makes the same of it.
std::string to_json(const QConfigMapping& mapping);

}  // namespace octet::quant
