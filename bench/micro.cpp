// Micro-benchmarks: every distinct convolution of ResNet18 at 224 px, float and int8, and convolutions of several groups (depthwise of
// MobileNetV2, ResNeXt50's), int8, by every algorithm that this CPU has.
//
//   micro --benchmark_filter='int8/layer1.*/1/'        OMP_NUM_THREADS sets the threads
// The counters are multiply-adds a second of the plain sum of products, and their share of what the machine's best instruction
// can do with registers only (ops/cpu/peak.h), measured first. Winograd does a quarter of the products, so it may pass 100 %.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <cstdio>

#include "ops/conv/inference_conv2d.h"
#include "ops/cpu/isa.h"
#include "ops/cpu/peak.h"
#include "ops/int8/conv2d.h"
#include "tensor/random.h"

namespace octet {
namespace {

struct Layer {
  const char* name;
  int64_t C, size, K, kernel, stride;
  int64_t groups = 1;

  ops::Conv2dOptions options() const { return {.stride = stride, .padding = kernel / 2, .groups = groups}; }
  Shape weight() const { return {K, C / groups, kernel, kernel}; }
  double multiply_adds(int64_t batch) const {
    const int64_t out = ops::output_size(size, kernel, stride, kernel / 2);
    return static_cast<double>(batch * out * out * K) * static_cast<double>(C / groups * kernel * kernel);
  }
};

constexpr Layer kLayers[] = {{"conv1", 3, 224, 64, 7, 2},
                             {"layer1.conv", 64, 56, 64, 3, 1},
                             {"layer2.0.conv1", 64, 56, 128, 3, 2},
                             {"layer2.0.downsample", 64, 56, 128, 1, 2},
                             {"layer2.conv", 128, 28, 128, 3, 1},
                             {"layer3.0.conv1", 128, 28, 256, 3, 2},
                             {"layer3.conv", 256, 14, 256, 3, 1},
                             {"layer4.0.conv1", 256, 14, 512, 3, 2},
                             {"layer4.conv", 512, 7, 512, 3, 1},
                             {"depthwise.32", 32, 112, 32, 3, 1, 32},
                             {"depthwise.96.stride2", 96, 112, 96, 3, 2, 96},
                             {"depthwise.144", 144, 56, 144, 3, 1, 144},
                             {"depthwise.384", 384, 14, 384, 3, 1, 384},
                             {"depthwise.960", 960, 7, 960, 3, 1, 960},
                             {"groups.of4", 128, 56, 128, 3, 1, 32},
                             {"groups.of8", 256, 28, 256, 3, 1, 32},
                             {"groups.of32", 1024, 7, 1024, 3, 1, 32}};

double float_peak = 0, int8_peak = 0;  // multiply-adds a second; 0: portable kernels

Tensor random_codes(const Shape& shape, DType dtype, uint64_t seed) {
  Generator generator(seed);
  Tensor t(shape, dtype);
  for (size_t i = 0; i < t.nbytes(); ++i) t.bytes()[i] = static_cast<std::byte>(generator.uniform() * 255);
  return t;
}

template <class Run>
void time_layer(benchmark::State& state, const Layer& layer, int64_t batch, double peak, Run&& run) {
  run();  // packs the weights
  for (auto _ : state) benchmark::DoNotOptimize(run());
  const double done = layer.multiply_adds(batch) * static_cast<double>(state.iterations());
  state.counters["MACs/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  if (peak > 0) state.counters["%_of_peak"] = benchmark::Counter(100 * done / peak, benchmark::Counter::kIsRate);
}

ops::InferenceConv2d float_conv(const Layer& layer) {
  Generator generator(2);
  return {randn(layer.weight(), generator), {}, layer.options(), true};
}

void time_float(benchmark::State& state, const Layer& layer, ops::InferenceConv2d::Algorithm algorithm, int64_t batch) {
  Generator generator(1);
  const Tensor x = randn({batch, layer.size, layer.size, layer.C}, generator);
  const ops::InferenceConv2d conv = float_conv(layer);
  time_layer(state, layer, batch, float_peak, [&] { return conv.run(algorithm, x, {}); });
}

/// Weights up to 31, so that Winograd is exact.
ops::int8::Conv2d int8_conv(const Layer& layer, std::vector<ops::int8::ConvChoice> choices = {}) {
  Tensor weight = random_codes(layer.weight(), DType::qint8, 2);
  for (int64_t i = 0; i < weight.numel(); ++i) weight.data<int8_t>()[i] /= 4;
  return ops::int8::Conv2d({{.weight = weight,
                             .weight_scale = {4e-4f},
                             .bias = {},
                             .relu = true,
                             .engine = ops::int8::Engine::qnnpack,
                             .input = {0.02f, 119},
                             .output = {0.3f, 103}},
                            layer.options(),
                            std::move(choices)});
}

void time_int8(benchmark::State& state, const Layer& layer, ops::int8::ConvAlgorithm algorithm, int64_t batch) {
  const Tensor x = random_codes({batch, layer.size, layer.size, layer.C}, DType::quint8, 1);
  const auto conv = int8_conv(layer, {ops::int8::choice_here(x.shape(), algorithm)});
  time_layer(state, layer, batch, int8_peak, [&] { return conv(x); });
}

/// Names are int8/LAYER/ALGORITHM/BATCH.
void add_benchmarks() {
  using Float = ops::InferenceConv2d;
  for (const int64_t batch : {1, 32})
    for (const Layer& layer : kLayers) {
      const auto add = [&](const std::string& type, const char* algorithm, auto&& function) {
        benchmark::RegisterBenchmark((type + "/" + layer.name + "/" + algorithm + "/" + std::to_string(batch)).c_str(), function)
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
      };
      if (Float::available(layer.options()))
        for (const auto algorithm : {Float::Algorithm::direct, Float::Algorithm::winograd, Float::Algorithm::winograd_plain})
          if (float_conv(layer).has(algorithm, {batch, layer.size, layer.size, layer.C}))
            add("float", Float::name_of(algorithm),
                [&layer, algorithm, batch](benchmark::State& state) { time_float(state, layer, algorithm, batch); });
      for (const auto algorithm : ops::int8::kConvAlgorithms)
        if (int8_conv(layer).has(algorithm, {batch, layer.size, layer.size, layer.C}))
          add("int8", name_of(algorithm),
              [&layer, algorithm, batch](benchmark::State& state) { time_int8(state, layer, algorithm, batch); });
    }
}

void measure_peaks() {
  std::printf("%d threads, %s\n", omp_get_max_threads(), ops::cpu::active_isa().name);
  const auto loops = ops::cpu::peak_loops();
  for (size_t i = 0; i < loops.size(); ++i) {
    const double peak = ops::cpu::measure_peak(loops[i]);
    std::printf("peak, %s: %.0f G multiply-adds/s\n", loops[i].instruction, peak / 1e9);
    if (i == 0) float_peak = peak;
    if (i == 1) int8_peak = peak;
  }
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  octet::measure_peaks();
  octet::add_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
}
