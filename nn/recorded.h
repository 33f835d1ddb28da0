// How a function of nn/functional.h wraps an op's result.
#pragma once

#include "nn/recording.h"

namespace octet::nn::functional {

/// A trace also records the call, under the path of the layer that is running; outside of a layer, under the function's name.
Value recorded(Op op, const char* function, std::vector<Value> inputs, std::vector<NamedValue> parameters, Tensor result);

inline Tensor tensor_or_undefined(const Value& value) { return value.defined() ? value.tensor() : Tensor(); }

}  // namespace octet::nn::functional
