// The layers without parameters. PyTorch: torch.nn.ReLU, ReLU6, Sigmoid, MaxPool2d, AdaptiveAvgPool2d, AdaptiveMaxPool2d, Dropout.
#pragma once

#include "nn/functional.h"
#include "nn/module.h"

namespace octet::nn {

/// In training it overwrites its input, as torchvision's and fastai's ReLU(inplace=True).
class ReLU : public Module {
 public:
  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::relu_(x); }
};

/// min(max(x, 0), 6).
class ReLU6 : public Module {
 public:
  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::relu6(x); }
};

/// 1 / (1 + exp(-x)).
class Sigmoid : public Module {
 public:
  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::sigmoid(x); }
};

class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const ops::MaxPool2dOptions& options) : options_(options) {}
  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::max_pool2d(x, options_); }

 private:
  ops::MaxPool2dOptions options_;
};

class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(ops::Size2 output) : output_(output) {}
  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::adaptive_avg_pool2d(x, output_); }

 private:
  ops::Size2 output_;
};

class AdaptiveMaxPool2d : public Module {
 public:
  explicit AdaptiveMaxPool2d(ops::Size2 output) : output_(output) {}
  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::adaptive_max_pool2d(x, output_); }

 private:
  ops::Size2 output_;
};

class Dropout : public Module {
 public:
  explicit Dropout(float p) : p_(p) {}
  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override { return functional::dropout(x, p_, mode()); }

 private:
  float p_;
};

}  // namespace octet::nn
