#include "ops/cuda/cross_entropy.h"

#include <cmath>
#include <vector>

#include "ops/cuda/launch.h"

namespace octet::ops::cuda {
namespace {

/// One row per block, in double as on the CPU: log softmax; its loss, or d = (softmax - target) / N.
struct SoftmaxRow {
  static constexpr int kThreads = 128;
  struct Shared {
    double values[kThreads];
    double largest, sum;
  };
  const float* logits;
  const int32_t* labels;
  int classes;
  double smoothing, per_row;  // 1 / N
  double* loss;               // [N], or null
  float* d;                   // [N, C], or null

  OCTET_HD double target(int c, int label) const { return (c == label ? 1 - smoothing : 0) + smoothing / classes; }

  /// values[0] = join of all values
  template <class Join>
  OCTET_DEVICE static void reduce(Block& block, Shared& shared, Join&& join) {
    block.barrier();
    for (int half = kThreads / 2; half > 0; half /= 2) {
      block.each_thread([&](int t) {
        if (t < half) shared.values[t] = join(shared.values[t], shared.values[t + half]);
      });
      block.barrier();
    }
  }

  OCTET_DEVICE void operator()(Block& block, Shared& shared) const {
    const float* row = logits + static_cast<int64_t>(block.x()) * classes;
    const int label = labels[block.x()];
    block.each_thread([&](int t) {
      double largest = -INFINITY;
      for (int c = t; c < classes; c += kThreads)
        largest = static_cast<double>(row[c]) > largest ? static_cast<double>(row[c]) : largest;
      shared.values[t] = largest;
    });
    reduce(block, shared, [](double a, double b) { return a > b ? a : b; });
    block.each_thread([&](int t) {
      if (t == 0) shared.largest = shared.values[0];
    });
    block.barrier();
    block.each_thread([&](int t) {
      double sum = 0;
      for (int c = t; c < classes; c += kThreads) sum += exp(static_cast<double>(row[c]) - shared.largest);
      shared.values[t] = sum;
    });
    reduce(block, shared, [](double a, double b) { return a + b; });
    block.each_thread([&](int t) {
      if (t == 0) shared.sum = shared.values[0];
    });
    block.barrier();
    block.each_thread([&](int t) {
      double mine = 0;
      for (int c = t; c < classes; c += kThreads) {
        const double above = static_cast<double>(row[c]) - shared.largest;
        mine -= target(c, label) * (above - log(shared.sum));
        if (d != nullptr)
          d[static_cast<int64_t>(block.x()) * classes + c] =
              static_cast<float>((exp(above) / shared.sum - target(c, label)) * per_row);
      }
      shared.values[t] = mine;
    });
    reduce(block, shared, [](double a, double b) { return a + b; });
    block.each_thread([&](int t) {
      if (t == 0 && loss != nullptr) loss[block.x()] = shared.values[0];
    });
  }
};

void run(const Tensor& logits, std::span<const int> labels, float smoothing, double* loss, float* d) {
  const Tensor on_device =
      Tensor::from(std::vector<int32_t>(labels.begin(), labels.end()), {std::ssize(labels)}, DType::i32).to(Device::cuda);
  launch("cross_entropy", {logits.size(0)},
         SoftmaxRow{logits.cuda_data<float>(), on_device.cuda_data<int32_t>(), static_cast<int>(logits.size(1)),
                    static_cast<double>(smoothing), 1.0 / static_cast<double>(logits.size(0)), loss, d});
}

}  // namespace

double cross_entropy(const Tensor& logits, std::span<const int> labels, float smoothing) {
  Tensor losses({logits.size(0)}, DType::f64, Device::cuda);
  run(logits, labels, smoothing, losses.cuda_data<double>(), nullptr);
  const Tensor host = losses.to(Device::cpu);
  double sum = 0;
  for (int64_t n = 0; n < host.numel(); ++n) sum += host.data<double>()[n];
  return sum / static_cast<double>(host.numel());
}

void cross_entropy_backward(const Tensor& logits, std::span<const int> labels, float smoothing, Tensor& d) {
  run(logits, labels, smoothing, nullptr, d.cuda_data<float>());
}

}  // namespace octet::ops::cuda
