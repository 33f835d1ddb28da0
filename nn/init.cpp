#include "nn/init.h"

#include <cmath>

namespace octet::nn::init {

Tensor kaiming_normal(const Shape& shape, Generator& generator, Fan fan) {
  const int64_t size = numel(shape) / shape.at(fan == Fan::in ? 0 : 1);
  const float deviation = std::sqrt(2.0f / static_cast<float>(size));
  Tensor t = randn(shape, generator);
  for (int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] *= deviation;
  return t;
}

Tensor uniform(const Shape& shape, float bound, Generator& generator) {
  Tensor t(shape);
  for (int64_t i = 0; i < t.numel(); ++i) t.data<float>()[i] = (2 * generator.uniform() - 1) * bound;
  return t;
}

namespace {

float linear_bound(int64_t inputs) { return 1 / std::sqrt(static_cast<float>(inputs)); }  // torch.nn.Linear.reset_parameters

Tensor initial(const Module::State& s, int64_t fc_inputs, Generator& generator) {
  const Shape& shape = s.value.tensor().shape();
  if (s.value.tensor().dtype() != DType::f32) return Tensor::zeros(shape, s.value.tensor().dtype());
  if (shape.size() == 4) return kaiming_normal(shape, generator, Fan::out);
  const bool is_fc = s.key.starts_with("fc.");
  if (shape.size() == 2) return is_fc ? uniform(shape, linear_bound(shape[1]), generator) : kaiming_normal(shape, generator);
  if (is_fc) return uniform(shape, linear_bound(fc_inputs), generator);
  return Tensor::full(shape, s.key.ends_with("weight") || s.key.ends_with("running_var") ? 1.0f : 0.0f);
}

}  // namespace

void initialise(Module& model, Generator& generator) {
  int64_t inputs = 1;
  for (Module::State& s : model.state()) {
    if (s.value.tensor().dim() == 2) inputs = s.value.tensor().size(1);
    s.value.set(initial(s, inputs, generator));
  }
}

}  // namespace octet::nn::init
