#include "ops/linear.h"

#include <algorithm>

#include "ops/channels.h"
#include "ops/cpu/isa.h"
#include "ops/gemm.h"
#include "ops/support/failure.h"
#include "ops/support/integers.h"
#include "ops/support/scratch.h"
#include "ops/support/shared_work.h"

namespace octet::ops {
namespace {

/// One call on the CPU, by the kernels of ops/cpu/fdot.h: each output is summed in one order, whatever the batch and the threads.
struct Forward {
  const float* x;  // [N, C]
  const float* w;  // [K, C]
  int64_t N, K, C;
  float* y;  // [N, K]

  // A thread's piece: up to so many rows and outputs, so many products of each at a time: the weights of six outputs stay in the
  // first-level cache, the rest in the second.
  static constexpr int64_t kRows = 64, kOutputs = 24, kProducts = 1024;

  void run() const {
    const int64_t row_blocks = ceil_div(N, kRows), output_blocks = ceil_div(K, kOutputs);
    SharedWork work(row_blocks * output_blocks);
    Failure failure;
#pragma omp parallel
    failure.keep([&] {
      work.run([&](int64_t i) {
        const int64_t n = i % row_blocks * kRows, k = i / row_blocks * kOutputs;
        run_piece(n, std::min(kRows, N - n), k, std::min(kOutputs, K - k));
      });
    });
    failure.rethrow();
  }

  void run_piece(int64_t n, int64_t rows, int64_t k, int64_t outputs) const {
    const int64_t stride = outputs * cpu::FDotTile::kChains;
    float* sums = scratch<float>(Scratch::products, rows * stride);
    std::fill_n(sums, rows * stride, 0.0f);
    for (int64_t c = 0; c < C; c += kProducts)
      cpu::kernels().fdot->multiply({.x = x + n * C + c,
                                     .w = w + k * C + c,
                                     .rows = rows,
                                     .outputs = outputs,
                                     .x_stride = C,
                                     .w_stride = C,
                                     .count = std::min(kProducts, C - c),
                                     .sums = sums,
                                     .sums_stride = stride});
    for (int64_t m = 0; m < rows; ++m) cpu::kernels().fdot->total(sums + m * stride, outputs, y + (n + m) * K + k);
  }
};

void add_bias(const Tensor& bias, Tensor& y) {
  const int64_t K = y.size(1);
  const float* b = bias.data<float>();
  for (float *row = y.data<float>(), *end = row + y.numel(); row != end; row += K)
    for (int64_t k = 0; k < K; ++k) row[k] += b[k];
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  OCTET_CHECK(x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1), "linear: input ", x.shape(), " and weight ",
              weight.shape(), " do not fit: expected [N, C] and [K, C]");
  const int64_t N = x.size(0), C = x.size(1), K = weight.size(0);
  OCTET_CHECK(!bias.defined() || bias.shape() == Shape{K}, "linear: bias ", bias.shape(), " for ", K, " outputs");
  check_same_device("linear", {&x, &weight, &bias});
  Tensor y({N, K}, DType::f32, x.device());
  if (!x.on_cuda()) {
    Forward{x.data<float>(), weight.data<float>(), N, K, C, y.data<float>()}.run();
    if (bias.defined()) add_bias(bias, y);
    return y;
  }
  if (bias.defined()) fill_channels(bias, y);
  gemm({.m = N,
        .n = K,
        .k = C,
        .a = x.device_data<float>(),
        .b = weight.device_data<float>(),
        .c = y.device_data<float>(),
        .beta = bias.defined() ? 1.0f : 0.0f,
        .transpose_b = true},
       x.device());
  return y;
}

LinearGradients linear_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, LinearWanted wanted) {
  const int64_t N = x.size(0), C = weight.size(1), K = weight.size(0);
  OCTET_CHECK(x.shape() == (Shape{N, C}) && dy.shape() == (Shape{N, K}), "linear_backward: gradient ", dy.shape(), " and input ",
              x.shape(), " do not fit weight ", weight.shape());
  check_same_device("linear_backward", {&dy, &x, &weight});
  LinearGradients d;
  if (wanted.bias) d.bias = channel_sums(dy);
  // In training only: OpenBLAS's sums depend on its kernels, the threads and the batch.
  if (wanted.x) {
    d.x = Tensor(x.shape(), DType::f32, x.device());
    gemm({.m = N, .n = C, .k = K, .a = dy.device_data<float>(), .b = weight.device_data<float>(), .c = d.x.device_data<float>()},
         x.device());
  }
  if (wanted.weight) {
    d.weight = Tensor(weight.shape(), DType::f32, x.device());
    gemm({.m = K,
          .n = C,
          .k = N,
          .a = dy.device_data<float>(),
          .b = x.device_data<float>(),
          .c = d.weight.device_data<float>(),
          .transpose_a = true},
         x.device());
  }
  return d;
}

}  // namespace octet::ops
