// What optimizers share: parameter groups, each with its own learning rate and weight decay, and the state they keep per
// parameter. PyTorch counterpart: torch.optim.Optimizer. A parameter whose gradient is undefined is left alone, as there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/module.h"

namespace octet::nn {

struct ParameterGroup {
  std::vector<Module::State> parameters;
  double lr = 0;  // now; a schedule changes it
  double weight_decay = 0;
  double max_lr = 0;  // what a schedule's factor multiplies
};

class Optimizer {
 public:
  explicit Optimizer(std::vector<ParameterGroup> groups) : groups_(std::move(groups)) {}
  virtual ~Optimizer() = default;

  /// Changes the parameters, in place, by their gradients.
  void step();
  void clear_gradients();

  std::vector<ParameterGroup>& groups() { return groups_; }
  /// fastai cycles it: SGD's momentum, AdamW's first beta.
  virtual void set_momentum(double momentum) = 0;

  /// Per parameter key what the optimizer remembers ("layer1.0.conv1.weight/momentum"): save and restore it to go on exactly.
  /// restore throws Error for a key that belongs to no parameter, or of another shape.
  const std::map<std::string, Tensor>& state() const { return state_; }
  void restore(std::map<std::string, Tensor> state);

 protected:
  /// One parameter.
  virtual void update(const std::string& key, Tensor& parameter, const Tensor& gradient, const ParameterGroup& group) = 0;
  /// The remembered tensor of that name, on the device of `like`; at first zeros of its shape.
  Tensor& remembered(const std::string& key, const char* name, const Tensor& like);

 private:
  std::vector<ParameterGroup> groups_;
  std::map<std::string, Tensor> state_;
};

/// The Euclidean norm of all gradients together; where it is above `largest` (0: no limit), they are scaled down to it in place.
/// torch.nn.utils.clip_grad_norm_.
double clip_gradients(Optimizer& optimizer, double largest);

/// Groups for training: parameters of batch norm and biases apart, without weight decay (fastai's wd_bn_bias=False).
std::vector<ParameterGroup> decay_groups(const std::vector<Module::State>& parameters, double lr, double weight_decay);

/// True for weight and bias of batch norm, and for biases.
bool is_free_of_decay(const Module::State& parameter);

}  // namespace octet::nn
