#include "ops/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "ops/cuda/cross_entropy.h"
#include "ops/softmax.h"

namespace octet::ops {
namespace {

void check(const Tensor& logits, std::span<const int> labels, const CrossEntropyOptions& o) {
  OCTET_CHECK(logits.dim() == 2 && logits.size(0) == std::ssize(labels) && !labels.empty(), "cross_entropy: logits ",
              logits.shape(), " and ", labels.size(), " labels; expected [N, C] and N");
  OCTET_CHECK(o.label_smoothing >= 0 && o.label_smoothing <= 1, "cross_entropy: label smoothing ", o.label_smoothing,
              ": expected 0 to 1");
  for (const int label : labels)
    OCTET_CHECK(label >= 0 && label < logits.size(1), "cross_entropy: label ", label, " of ", logits.size(1), " classes");
}

double target(int64_t c, int label, int64_t classes, const CrossEntropyOptions& o) {
  const double s = o.label_smoothing;
  return (c == label ? 1 - s : 0) + s / static_cast<double>(classes);
}

}  // namespace

float cross_entropy(const Tensor& logits, std::span<const int> labels, const CrossEntropyOptions& options) {
  check(logits, labels, options);
  if (logits.on_cuda()) return static_cast<float>(cuda::cross_entropy(logits, labels, options.label_smoothing));
  const int64_t N = logits.size(0), C = logits.size(1);
  double loss = 0;
  for (int64_t n = 0; n < N; ++n) {
    const float* row = logits.data<float>() + n * C;
    const double largest = *std::max_element(row, row + C);
    double sum = 0;
    for (int64_t c = 0; c < C; ++c) sum += std::exp(row[c] - largest);
    for (int64_t c = 0; c < C; ++c)
      loss -= target(c, labels[static_cast<size_t>(n)], C, options) * (row[c] - largest - std::log(sum));
  }
  return static_cast<float>(loss / static_cast<double>(N));
}

Tensor cross_entropy_backward(const Tensor& logits, std::span<const int> labels, const CrossEntropyOptions& options) {
  check(logits, labels, options);
  if (logits.on_cuda()) {
    Tensor d(logits.shape(), DType::f32, Device::cuda);
    return cuda::cross_entropy_backward(logits, labels, options.label_smoothing, d), d;
  }
  const int64_t N = logits.size(0), C = logits.size(1);
  Tensor d = softmax(logits);
  for (int64_t i = 0; i < N * C; ++i) {
    const double t = target(i % C, labels[static_cast<size_t>(i / C)], C, options);
    d.data<float>()[i] = static_cast<float>((static_cast<double>(d.data<float>()[i]) - t) / static_cast<double>(N));
  }
  return d;
}

}  // namespace octet::ops
