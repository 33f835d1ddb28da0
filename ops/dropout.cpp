#include "ops/dropout.h"

#include "ops/cuda/dropout.h"
#include "tensor/error.h"

namespace octet::ops {

Dropped dropout(const Tensor& x, float p, Generator& generator) {
  OCTET_CHECK(p >= 0 && p < 1, "dropout: probability ", p, ": expected 0 <= p < 1");
  Dropped out{Tensor(x.shape(), DType::f32, x.device()), Tensor(x.shape(), DType::f32, x.device())};
  const uint64_t seed = generator.bits();
  const int64_t blocks = DropoutStep::blocks(x.numel());
  OCTET_CHECK(blocks <= INT32_MAX, "dropout: ", x.numel(), " values: expected at most ", DropoutStep::kValues * INT32_MAX);
  if (x.on_cuda()) return cuda::dropout(x, p, seed, out.y, out.scale), out;
  const DropoutStep step{seed, p, x.numel(), x.data<float>(), out.y.data<float>(), out.scale.data<float>()};
#pragma omp parallel for if (blocks > 1024)
  for (int64_t block = 0; block < blocks; ++block) step(static_cast<uint32_t>(block));
  return out;
}

}  // namespace octet::ops
