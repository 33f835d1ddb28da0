// Modules one after the other, named "0", "1", ... or as told. PyTorch: torch.nn.Sequential.
#pragma once

#include "nn/module.h"

namespace octet::nn {

class Sequential : public Module {
 public:
  /// Makes the next module; its name is its position.
  template <class M, class... Args>
  M& append(Args&&... args) {
    return add<M>(std::to_string(children().size()), std::forward<Args>(args)...);
  }

  std::string input_name() const override { return "input"; }

 protected:
  Value forward(const Value& x) override {
    Value y = x;
    for (const auto& child : children()) y = (*child)(y);
    return y;
  }
};

}  // namespace octet::nn
