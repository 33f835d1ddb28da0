#include "nn/optim/optimizer.h"

#include <cmath>

#include "ops/elementwise.h"
#include "ops/optimizer_step.h"
#include "tensor/text.h"

namespace octet::nn {

void Optimizer::step() {
  for (ParameterGroup& group : groups_)
    for (Module::State& p : group.parameters) {
      if (!p.value.requires_grad() || !p.value.grad().defined()) continue;
      Tensor parameter = p.value.tensor();  // the same bytes
      update(p.key, parameter, p.value.grad(), group);
    }
}

void Optimizer::clear_gradients() {
  for (ParameterGroup& group : groups_)
    for (Module::State& p : group.parameters) p.value.clear_grad();
}

void Optimizer::restore(std::map<std::string, Tensor> state) {
  std::map<std::string, Shape> shapes;
  for (const ParameterGroup& group : groups_)
    for (const Module::State& p : group.parameters) shapes[p.key] = p.value.tensor().shape();
  for (const auto& [key, tensor] : state) {
    const auto parameter = shapes.find(key.substr(0, key.rfind('/')));
    OCTET_CHECK(parameter != shapes.end() && tensor.dtype() == DType::f32, "optimizer: ", quoted(key),
                " belongs to no parameter");
    OCTET_CHECK(tensor.dim() == 0 || tensor.shape() == parameter->second, "optimizer: ", quoted(key), " has shape ",
                tensor.shape(), ", the parameter ", parameter->second);
  }
  state_ = std::move(state);
}

Tensor& Optimizer::remembered(const std::string& key, const char* name, const Tensor& like) {
  Tensor& tensor = state_[key + "/" + name];
  OCTET_CHECK(!tensor.defined() || tensor.shape() == like.shape(), "optimizer: '", key, "/", name, "' has shape ", tensor.shape(),
              ", expected ", like.shape());
  tensor = tensor.defined() ? tensor.to(like.device()) : Tensor::zeros(like.shape(), DType::f32, like.device());
  return tensor;
}

double clip_gradients(Optimizer& optimizer, double largest) {
  std::vector<Tensor> gradients;
  for (const ParameterGroup& group : optimizer.groups())
    for (const Module::State& p : group.parameters)
      if (p.value.grad().defined()) gradients.push_back(p.value.grad());
  const double norm = std::sqrt(ops::sum_of_squares(gradients)), scale = largest / (norm + 1e-6);  // torch's 1e-6
  if (largest <= 0 || !(scale < 1)) return norm;
  for (Tensor& gradient : gradients) ops::scale_(gradient, static_cast<float>(scale));  // the parameters' own bytes
  return norm;
}

bool is_free_of_decay(const Module::State& parameter) { return parameter.value.tensor().dim() <= 1; }

std::vector<ParameterGroup> decay_groups(const std::vector<Module::State>& parameters, double lr, double weight_decay) {
  std::vector<ParameterGroup> groups = {{{}, lr, weight_decay, lr}, {{}, lr, 0, lr}};
  for (const Module::State& p : parameters)
    if (p.is_parameter) groups[is_free_of_decay(p)].parameters.push_back(p);
  return groups;
}

}  // namespace octet::nn
