#include "nn/recorded.h"

namespace octet::nn::functional {

Value recorded(Op op, const char* function, std::vector<Value> inputs, std::vector<NamedValue> parameters, Tensor result) {
  Value output(std::move(result));
  Recording* recording = Recording::active();
  if (recording && recording->purpose() == Recording::Purpose::trace) {
    std::erase_if(parameters, [](const NamedValue& p) { return !p.value.defined(); });
    const bool in_layer = !recording->layer_path.empty();
    recording->record_call({std::move(op), std::move(inputs), std::move(parameters), output,
                            in_layer ? recording->layer_path : function, in_layer, recording->path()});
  }
  return output;
}

}  // namespace octet::nn::functional
