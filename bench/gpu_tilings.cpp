// The tilings of the device's int8 convolution (ops/cuda/int8_tiling.h), timed for the layers of ResNet18: microseconds of each,
// which one is chosen (*) and which is fastest (<). The choice is computed from estimates; this shows what they cost.
// Usage: gpu_tilings [BATCH...]      1, 32 and 256 if none is given
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "ops/conv/conv2d.h"
#include "ops/cuda/int8_conv2d.h"
#include "ops/cuda/int8_tiling.h"
#include "tensor/cuda/runtime.h"
#include "tensor/error.h"

namespace octet {
namespace {

struct Layer {
  const char* name;
  int64_t channels, size, outputs, kernel, stride, padding;
  int times;  // in the network
};
constexpr Layer kLayers[] = {{"conv1", 3, 224, 64, 7, 2, 3, 1},
                             {"layer1", 64, 56, 64, 3, 1, 1, 4},
                             {"layer2.0.conv1", 64, 56, 128, 3, 2, 1, 1},
                             {"layer2.downsample", 64, 56, 128, 1, 2, 0, 1},
                             {"layer2", 128, 28, 128, 3, 1, 1, 3},
                             {"layer3.0.conv1", 128, 28, 256, 3, 2, 1, 1},
                             {"layer3.downsample", 128, 28, 256, 1, 2, 0, 1},
                             {"layer3", 256, 14, 256, 3, 1, 1, 3},
                             {"layer4.0.conv1", 256, 14, 512, 3, 2, 1, 1},
                             {"layer4.downsample", 256, 14, 512, 1, 2, 0, 1},
                             {"layer4", 512, 7, 512, 3, 1, 1, 3}};

using Clock = std::chrono::steady_clock;
double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

/// Microseconds of one convolution, the fastest of several graphs of many: what asking for it costs is not counted.
double time_of(const ops::cuda::Int8Conv2d& conv, const Tensor& x, const ops::Im2colShape& shape, Tensor& y, size_t tiling) {
  constexpr int kTogether = 20, kRounds = 10;
  const cuda::Replay replay([&] {
    for (int i = 0; i < kTogether; ++i) conv(x, shape, {}, y, tiling);
  });
  double fastest = 1e30;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    replay();
    cuda::synchronize();
    fastest = std::min(fastest, microseconds_since(start) / kTogether);
  }
  return fastest;
}

void show(int64_t batch) {
  std::printf("batch %lld, microseconds of each tiling\n%-18s", static_cast<long long>(batch), "");
  for (size_t t = 0; t < ops::cuda::kInt8Tilings; ++t)
    ops::cuda::visit_int8_tiling(t, []<class T>() { std::printf("%11s", str(T::kRows, "x", T::kCols).c_str()); });
  std::printf("%15s\n", "T products/s");
  double chosen_sum = 0, fastest_sum = 0;
  for (const Layer& l : kLayers) {
    const Tensor weight = Tensor::zeros({l.outputs, l.channels, l.kernel, l.kernel}, DType::qint8);
    const ops::int8::Requantization r({.weight = weight, .weight_scale = {1}, .bias = {}}, ops::int8::LayerRule::int32_bias);
    const ops::Conv2dOptions options{.stride = l.stride, .padding = l.padding};
    const ops::cuda::Int8Conv2d conv(weight, options, 0, r);
    const Tensor x = Tensor::zeros({batch, l.size, l.size, l.channels}, DType::quint8, Device::cuda);
    const ops::Im2colShape shape = ops::conv2d_shape({batch, l.channels, l.size, l.size}, weight.shape(), options);
    Tensor y({batch, shape.out_height, shape.out_width, l.outputs}, DType::quint8, Device::cuda);
    const size_t chosen = conv.tiling(batch * shape.cols());
    std::array<double, ops::cuda::kInt8Tilings> times{};
    for (size_t t = 0; t < times.size(); ++t) times[t] = time_of(conv, x, shape, y, t);
    const double fastest = *std::min_element(times.begin(), times.end());
    std::printf("%-18s", l.name);
    for (size_t t = 0; t < times.size(); ++t)
      std::printf("%9.2f%c%c", times[t], t == chosen ? '*' : ' ', times[t] == fastest ? '<' : ' ');
    std::printf("%15.1f\n", static_cast<double>(batch * shape.cols() * l.outputs * shape.rows()) / fastest * 1e-6);
    chosen_sum += l.times * times[chosen];
    fastest_sum += l.times * fastest;
  }
  std::printf("all convolutions of the network: %.1f as chosen, %.1f the fastest\n\n", chosen_sum, fastest_sum);
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  try {
    octet::cuda::device();
    for (int i = 1; i < argc; ++i) {
      const long batch = std::strtol(argv[i], nullptr, 10);
      OCTET_CHECK(batch >= 1 && batch <= 4096, "batch '", argv[i], "': expected 1 to 4096");
      octet::show(batch);
    }
    if (argc == 1)
      for (const int batch : {1, 32, 256}) octet::show(batch);
    return 0;
  } catch (const octet::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
