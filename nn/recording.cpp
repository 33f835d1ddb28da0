#include "nn/recording.h"

#include <utility>

#include "ops/elementwise.h"

namespace octet::nn {
namespace {
thread_local Recording* g_active = nullptr;
}

void Gradient::accumulate(Tensor part) {
  if (!value.defined())
    value = std::move(part);
  else if (value.unique())
    ops::add_(value, part);
  else
    value = ops::add(value, part);
}

Recording::Recording(Purpose purpose, uint64_t seed) : purpose_(purpose), generator_(seed) {
  OCTET_CHECK(g_active == nullptr, "a recording is already active on this thread");
  g_active = this;
}

Recording::~Recording() {
  if (g_active == this) g_active = nullptr;
}

Recording* Recording::active() { return g_active; }

Recording* Recording::active_for_backward() { return g_active && g_active->purpose_ == Purpose::backward ? g_active : nullptr; }

std::string Recording::path() const {
  std::string joined;
  for (const std::string& name : module_names) joined += (joined.empty() ? "" : ".") + name;
  return joined;
}

void Recording::backward(const Value& loss) {
  OCTET_CHECK(loss.tensor().numel() == 1, "backward: expected a loss of one number, got ", loss.tensor().shape());
  backward(loss, Tensor::full(loss.tensor().shape(), 1));
}

void Recording::backward(const Value& y, Tensor dy) {
  OCTET_CHECK(y.requires_grad(), "backward: the loss depends on nothing that requires a gradient in this recording");
  OCTET_CHECK(dy.shape() == y.tensor().shape(), "backward: gradient ", dy.shape(), " for a value ", y.tensor().shape());
  y.gradient()->accumulate(std::move(dy));
  const NoGrad pause;
  while (!steps_.empty()) {
    const Step step = std::move(steps_.back());
    steps_.pop_back();
    Tensor gradient = std::exchange(step.output->value, Tensor());
    if (gradient.defined()) step.go_back(std::move(gradient));
  }
}

NoGrad::NoGrad() : suspended_(std::exchange(g_active, nullptr)) {}

NoGrad::~NoGrad() { g_active = suspended_; }

}  // namespace octet::nn
