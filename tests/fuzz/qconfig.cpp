// A QConfigMapping in JSON, matched with the names of a network.
#include "nn/models/resnet.h"
#include "nn/trace.h"
#include "quant/passes/prepare.h"
#include "quant/qconfig/qconfig_json.h"
#include "tests/fuzz/fuzz.h"

using namespace octet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static nn::ResNet18 model(4);
  static const nn::Graph kTraced = nn::trace(model, Tensor::zeros({1, 3, 32, 32}));
  fuzz::allow_errors([&] {
    quant::QConfigMapping mapping = quant::get_default_qconfig_mapping("x86");
    quant::apply_json(mapping, std::string(data, data + size), "fuzz");
    quant::prepare(kTraced, mapping);
  });
  return 0;
}
