#include "ops/cuda/dropout.h"

#include "ops/cuda/launch.h"
#include "ops/dropout.h"

namespace octet::ops::cuda {

void dropout(const Tensor& x, float p, uint64_t seed, Tensor& y, Tensor& scale) {
  map("dropout", DropoutStep::blocks(x.numel()),
      DropoutStep{seed, p, x.numel(), x.cuda_data<float>(), y.cuda_data<float>(), scale.cuda_data<float>()});
}

}  // namespace octet::ops::cuda
