// The recording of a forward pass: a list of calls (op, inputs, parameters, output, module path).
//
// While a Recording is alive, every function of nn/functional.h appends what it did. trace() (nn/trace.h) reads the list
// forwards and makes a Graph of it. PyTorch counterpart: the autograd tape, and torch.fx's Tracer in one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/op.h"
#include "tensor/tensor.h"

namespace octet::nn {

/// A tensor with an identity: what flows between modules. Copies are the same value.
class Value {
 public:
  Value() = default;
  explicit Value(Tensor tensor) : tensor_(std::make_shared<Tensor>(std::move(tensor))) {}

  bool defined() const { return tensor_ != nullptr; }
  const Tensor& tensor() const { return *tensor_; }
  /// Replaces the contents; whoever holds this value sees the new tensor.
  void set(Tensor tensor) { *tensor_ = std::move(tensor); }
  const void* identity() const { return tensor_.get(); }

 private:
  std::shared_ptr<Tensor> tensor_;
};

struct NamedValue {
  std::string name;  // "weight", "bias", "running_mean", ...
  Value value;
};

struct Call {
  Op op;
  std::vector<Value> inputs;           // activations
  std::vector<NamedValue> parameters;  // and buffers
  Value output;
  std::string target;      // the path of the layer that made the call ("layer1.0.conv1"), or the function's name ("add")
  bool is_module = false;  // which of the two
};

class Recording {
 public:
  /// Starts recording on this thread. Recordings do not nest.
  Recording();
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  const std::vector<Call>& calls() const { return calls_; }

  /// The recording that is alive on this thread, or null.
  static Recording* active();

  void append(Call call) { calls_.push_back(std::move(call)); }

  /// Set by Module around a layer's forward: calls made inside belong to it.
  std::string layer_path;
  std::vector<std::string> module_names;

 private:
  std::vector<Call> calls_;
};

}  // namespace octet::nn
