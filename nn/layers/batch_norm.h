// Batch normalization layer over [N, C] or [N, C, H, W]; the op is ops/batch_norm.h. PyTorch: torch.nn.BatchNorm1d, BatchNorm2d.
#pragma once

#include "nn/functional.h"
#include "nn/graph/ops/batch_norm.h"
#include "nn/module.h"

namespace octet::nn {

class BatchNorm : public Module {
 public:
  explicit BatchNorm(int64_t features, const op::BatchNorm& options = {})
      : options_(options),
        values_{add_parameter("weight", Tensor::full({features}, 1)), add_parameter("bias", Tensor::zeros({features})),
                add_buffer("running_mean", Tensor::zeros({features})), add_buffer("running_var", Tensor::full({features}, 1))} {
    batches_ = add_buffer("num_batches_tracked", Tensor::zeros({}, DType::i64));
  }

  bool is_layer() const override { return true; }

 protected:
  Value forward(const Value& x) override {
    if (mode() == Mode::train) {
      Tensor count = batches_.tensor();  // the same bytes
      ++*count.data<int64_t>();
    }
    return functional::batch_norm(x, values_, options_, mode());
  }

 private:
  op::BatchNorm options_;
  functional::BatchNormValues values_;
  Value batches_;  // num_batches_tracked: seen in training
};

}  // namespace octet::nn
