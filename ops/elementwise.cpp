#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>

namespace octet::ops {

namespace {

void relu_to(const float* x, int64_t n, float* y) {
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] < 0.0f ? 0.0f : x[i];
}

}  // namespace

void relu_(Tensor& x) { relu_to(x.data<float>(), x.numel(), x.data<float>()); }

Tensor relu(const Tensor& x) {
  Tensor y(x.shape());
  relu_to(x.data<float>(), x.numel(), y.data<float>());
  return y;
}

Tensor add(const Tensor& a, const Tensor& b) {
  OCTET_CHECK(a.shape() == b.shape(), "add: shapes ", a.shape(), " and ", b.shape(), " differ");
  Tensor y(a.shape());
  const float *pa = a.data<float>(), *pb = b.data<float>();
  float* py = y.data<float>();
  const int64_t n = y.numel();
#pragma omp parallel for simd
  for (int64_t i = 0; i < n; ++i) py[i] = pa[i] + pb[i];
  return y;
}

Tensor cat_channels(std::span<const Tensor> parts) {
  OCTET_CHECK(!parts.empty() && parts[0].dim() >= 2, "cat: expected at least one tensor [N, C, ...]");
  Shape shape = parts[0].shape();
  shape[1] = 0;
  for (const Tensor& part : parts) {
    Shape expected = parts[0].shape();
    OCTET_CHECK(part.dim() == parts[0].dim() && part.dtype() == parts[0].dtype(), "cat: ", part.dtype(), " ", part.shape(),
                " beside ", parts[0].dtype(), " ", parts[0].shape());
    expected[1] = part.size(1);
    OCTET_CHECK(part.shape() == expected, "cat: shapes ", part.shape(), " and ", parts[0].shape(), " differ outside dimension 1");
    shape[1] += part.size(1);
  }
  Tensor y(shape, parts[0].dtype());
  const int64_t N = shape[0];
  std::byte* out = y.bytes();
  for (int64_t n = 0; n < N; ++n)
    for (const Tensor& part : parts) {
      const size_t row = part.nbytes() / static_cast<size_t>(N);
      std::memcpy(out, part.bytes() + static_cast<size_t>(n) * row, row);
      out += row;
    }
  return y;
}

Tensor softmax(const Tensor& x) {
  OCTET_CHECK(x.dim() == 2, "softmax: expected [N, C], got ", x.shape());
  Tensor y(x.shape());
  const int64_t N = x.size(0), C = x.size(1);
  for (int64_t n = 0; n < N; ++n) {
    const float* row = x.data<float>() + n * C;
    float* out = y.data<float>() + n * C;
    const float largest = *std::max_element(row, row + C);
    double sum = 0;
    for (int64_t c = 0; c < C; ++c) sum += std::exp(static_cast<double>(row[c] - largest));
    for (int64_t c = 0; c < C; ++c) out[c] = static_cast<float>(std::exp(static_cast<double>(row[c] - largest)) / sum);
  }
  return y;
}

std::vector<int> argmax(const Tensor& x) {
  OCTET_CHECK(x.dim() == 2 && x.size(1) > 0, "argmax: expected [N, C], got ", x.shape());
  std::vector<int> best(static_cast<size_t>(x.size(0)));
  for (size_t n = 0; n < best.size(); ++n) {
    const float* row = x.data<float>() + static_cast<int64_t>(n) * x.size(1);
    best[n] = static_cast<int>(std::max_element(row, row + x.size(1)) - row);
  }
  return best;
}

}  // namespace octet::ops
