// Module: a forward function with parameters, buffers and children registered by name, so that the names joined by dots are
// PyTorch's state_dict keys. PyTorch counterpart: torch.nn.Module.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/functional.h"
#include "nn/recording.h"
#include "tensor/state_dict.h"

namespace octet::nn {

class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  /// Runs forward. The recording sees a layer (is_layer) as one call with this module's path.
  Value operator()(const Value& x);

  /// True for modules that trace() keeps whole, as torch.fx keeps torch.nn's: convolution, batch norm, relu, ...
  virtual bool is_layer() const { return false; }

  /// train(): batch norm and dropout as in training, here and in all modules below. eval(): as at inference, which is how a model
  /// starts (a torch.nn.Module starts in training).
  void train() { set_mode(Mode::train); }
  void eval() { set_mode(Mode::eval); }
  Mode mode() const { return mode_; }

  /// Takes the parameters and buffers to that device, where forward then expects its input; except integers
  /// (num_batches_tracked) and fake-quantization scales, which stay on the CPU.
  void to(Device device);
  /// Where they are; the CPU for a module without any.
  Device device() const;

  /// The name of forward's argument in PyTorch's source, which a traced graph gives to its placeholder.
  virtual std::string input_name() const { return "x"; }

  struct State {
    std::string key;  // "layer1.0.conv1.weight"
    Value value;
    bool is_parameter;     // otherwise a buffer
    bool on_host = false;  // wherever the module is: what the host counts or decides with
  };
  /// Parameters and buffers of this module and all below it, in PyTorch's state_dict order.
  std::vector<State> state() const;
  /// Its parameters alone, as torch.nn.Module.parameters gives them.
  std::vector<State> parameters() const;

 protected:
  virtual Value forward(const Value& x) = 0;

  Value add_parameter(std::string name, Tensor value) { return add_state(std::move(name), std::move(value), true); }
  Value add_buffer(std::string name, Tensor value) { return add_state(std::move(name), std::move(value), false); }
  /// A buffer that somebody else holds too, and who reads it on the host.
  void add_buffer(std::string name, Value value) { state_.push_back({std::move(name), std::move(value), false, true}); }

  /// Makes a child of type M and keeps it; the reference stays valid as long as this module.
  template <class M, class... Args>
  M& add(std::string name, Args&&... args) {
    auto child = std::make_unique<M>(std::forward<Args>(args)...);
    M& reference = *child;
    adopt(std::move(name), std::move(child));
    return reference;
  }
  /// Keeps a child that somebody else has made.
  Module& adopt(std::string name, std::unique_ptr<Module> child) {
    child->name_ = std::move(name);
    children_.push_back(std::move(child));
    return *children_.back();
  }
  const std::vector<std::unique_ptr<Module>>& children() const { return children_; }

 private:
  void set_mode(Mode mode);
  Value add_state(std::string name, Tensor value, bool is_parameter);
  void collect(const std::string& prefix, std::vector<State>& out) const;

  std::string name_;  // within the parent
  Mode mode_ = Mode::eval;
  std::vector<State> state_;
  std::vector<std::unique_ptr<Module>> children_;
};

/// Copies a checkpoint's tensors into the model (float16, bfloat16 and float64 are converted to float32). Strict as PyTorch's:
/// throws one Error that lists every missing key, unexpected key and wrong shape or type. num_batches_tracked may be missing or one
/// number of any type. A name before all of the model's keys ("net.") may be missing in the file.
/// `source` names the file in errors.
void load_state_dict(Module& model, const StateDict& state, const std::string& source);

}  // namespace octet::nn
