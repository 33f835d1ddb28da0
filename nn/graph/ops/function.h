// What a graph needs besides layers: its ends, calls of observers and fake quantization, and what a pass made fast.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "nn/graph/ops/page.h"

namespace octet::nn {

/// A module that lives outside nn and is called in a graph: observers and fake quantization of quant/.
class TensorFunction {
 public:
  virtual ~TensorFunction() = default;
  virtual Tensor operator()(const Tensor& x) = 0;
  /// Does it keep something of what it is called with? Then it matters in which batches that comes.
  virtual bool observes() const { return false; }
  /// As PyTorch prints it: "HistogramObserver(min_val=..., max_val=...)".
  virtual std::string to_string() const = 0;
};

namespace op {

/// One of the model's inputs.
struct Placeholder {
  static constexpr Info kInfo{.name = "placeholder",
                              .inputs = 0,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"placeholder"}; }
  Tensor run(const Inputs& in) const { return in[0]; }
};

/// The model's results.
struct Output {
  static constexpr Info kInfo{.name = "output",
                              .inputs = kAnyNumber,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {"output"}; }
  Tensor run(const Inputs& in) const { return in[0]; }
};

/// Calls a TensorFunction: an observer, or fake quantization.
struct Function {
  std::shared_ptr<TensorFunction> function;

  static constexpr Info kInfo{.name = "function",
                              .inputs = 1,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::any,
                              .in_files = false};
  void fields(auto&&) {}
  Description describe(const Parameters&) const {
    const std::string text = function->to_string();
    const size_t open = text.find('(');
    return {text.substr(0, open), open == std::string::npos ? "" : text.substr(open + 1, text.size() - open - 2)};
  }
  Tensor run(const Inputs& in) const { return (*function)(in[0]); }
};

/// Made by nn/graph/passes/optimize_for_inference.h: what one or several ops compute, in a form that is fast. Such graphs are
/// only run.
struct Lowered {
  std::string description;  // "Conv2dAddReLU, channels last"
  std::function<Tensor(std::span<const Tensor>)> function;
  std::function<std::string(const Shape&)> algorithm_of = {};  // an input of this shape; may be empty

  static constexpr Info kInfo{.name = "lowered",
                              .inputs = kAnyNumber,
                              .takes = Values::floats,
                              .gives = Values::floats,
                              .scale = Scale::none,
                              .layout = Layout::planes,
                              .in_files = false};
  void fields(auto&&) {}
  Description describe(const Parameters&) const { return {description}; }
  Tensor run(const Inputs& in) const { return function(in.values); }
  std::string algorithm(const Shape& input) const { return algorithm_of ? algorithm_of(input) : ""; }
};

}  // namespace op
}  // namespace octet::nn
