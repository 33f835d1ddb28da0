// The recording of a forward pass: a list of calls, made by the functions of nn/functional.h while a Recording is alive.
//
// Recorded for trace, a call keeps its values, and trace() (nn/trace.h) reads the list forwards and makes a Graph of it.
// Recorded for backward, it keeps a function that goes back: from the gradient of its output to those of its inputs. backward()
// walks the list in reverse and drops each call, with the activations that only it held, as soon as it is done.
// PyTorch counterpart: the autograd tape, and torch.fx's Tracer in one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nn/graph/op.h"
#include "tensor/random.h"
#include "tensor/tensor.h"

namespace octet::nn {

/// The gradient of the loss by one value, and whether anybody wants to know it.
struct Gradient {
  Tensor value;  // undefined: zero so far
  bool wanted = false;

  /// Adds, in place where nobody else has the bytes.
  void accumulate(Tensor part);
};

/// A tensor with an identity: what flows between modules. Copies are the same value.
class Value {
 public:
  Value() = default;
  explicit Value(Tensor tensor) : contents_(std::make_shared<Contents>(std::move(tensor))) {}

  bool defined() const { return contents_ != nullptr; }
  const Tensor& tensor() const { return contents_->tensor; }
  /// Replaces the contents; every holder of this value sees the new tensor.
  void set(Tensor tensor) { contents_->tensor = std::move(tensor); }
  const void* identity() const { return contents_.get(); }

  /// It outlives the tensor: backward needs the gradients of values whose contents are long gone.
  const std::shared_ptr<Gradient>& gradient() const { return contents_->gradient; }
  const Tensor& grad() const { return gradient()->value; }
  bool requires_grad() const { return gradient()->wanted; }
  void set_requires_grad(bool wanted) { gradient()->wanted = wanted; }
  void clear_grad() { gradient()->value = Tensor(); }

 private:
  struct Contents {
    explicit Contents(Tensor t) : tensor(std::move(t)) {}
    Tensor tensor;
    std::shared_ptr<Gradient> gradient = std::make_shared<Gradient>();
  };
  std::shared_ptr<Contents> contents_;
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
  std::string scope = {};  // the path of the module whose forward called a function ("layer1.0")
};

/// Takes the gradient of a call's output and adds to those of its inputs.
using GoBack = std::function<void(Tensor dy)>;

class Recording {
 public:
  enum class Purpose { trace, backward };

  /// Starts recording on this thread. Recordings do not nest. Random numbers of the pass (dropout) follow from the seed.
  explicit Recording(Purpose purpose, uint64_t seed = 0);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// The recording that is alive on this thread, or null; the second only one made for backward.
  static Recording* active();
  static Recording* active_for_backward();

  const std::vector<Call>& calls() const { return calls_; }
  void record_call(Call call) { calls_.push_back(std::move(call)); }
  Purpose purpose() const { return purpose_; }
  Generator& generator() { return generator_; }

  void record_step(std::shared_ptr<Gradient> output, GoBack go_back) {
    steps_.push_back({std::move(output), std::move(go_back)});
  }
  /// Adds d loss / d value to the gradient of every value that the loss depends on and that requires one. The recording is empty
  /// afterwards. loss: one number; or any value y and dy, the gradient of a loss by it, which has y's shape.
  void backward(const Value& loss);
  void backward(const Value& y, Tensor dy);

  /// Set by Module around a layer's forward: calls made inside belong to it.
  std::string layer_path;
  std::vector<std::string> module_names;
  /// module_names joined by dots.
  std::string path() const;

 private:
  struct Step {
    std::shared_ptr<Gradient> output;
    GoBack go_back;
  };

  Purpose purpose_;
  Generator generator_;
  std::vector<Call> calls_;
  std::vector<Step> steps_;
};

/// Suspends the recording of this thread: what runs in its scope is not recorded. torch.no_grad.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  Recording* suspended_;
};

}  // namespace octet::nn
