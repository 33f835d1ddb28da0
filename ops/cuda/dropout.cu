#include "ops/cuda/dropout.h"

#include "ops/cuda/launch.h"
#include "ops/dropout.h"

namespace octet::ops::cuda {

void dropout(const Tensor& x, float p, uint64_t seed, Tensor& y, Tensor& scale) {
  const int64_t n = x.numel();
  map("dropout", (n + DropoutStep::kValues - 1) / DropoutStep::kValues,
      DropoutStep{seed, p, n, x.cuda_data<float>(), y.cuda_data<float>(), scale.cuda_data<float>()});
}

}  // namespace octet::ops::cuda
