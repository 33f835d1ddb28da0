// How a function of nn/functional.h records its backward step: from the gradient of its result to those of its inputs.
#pragma once

#include <algorithm>

#include "nn/recording.h"

namespace octet::nn::functional {

using Sink = std::shared_ptr<Gradient>;  // where a backward puts an input's gradient

inline bool wanted(const Value& value) { return value.defined() && value.requires_grad(); }
inline bool wanted(const Sink& sink) { return sink && sink->wanted; }
inline Sink sink_of(const Value& value) { return value.defined() ? value.gradient() : nullptr; }

/// Records, for backward, how to go back from y to the inputs; nothing when no input wants a gradient. make_go_back is only
/// called when it is needed, so that activations are only held then.
template <class MakeGoBack>
void on_backward(Value& y, std::initializer_list<Value> inputs, MakeGoBack&& make_go_back) {
  Recording* recording = Recording::active_for_backward();
  if (!recording || std::none_of(inputs.begin(), inputs.end(), [](const Value& v) { return wanted(v); })) return;
  y.set_requires_grad(true);
  recording->record_step(y.gradient(), make_go_back());
}

/// May the op write its result over x? Only while training, and when no backward needs these bytes.
inline bool may_overwrite(const Value& x) { return Recording::active_for_backward() && x.tensor().unique(); }

inline void give(const Sink& sink, Tensor gradient) {
  if (wanted(sink)) sink->accumulate(std::move(gradient));
}

}  // namespace octet::nn::functional
