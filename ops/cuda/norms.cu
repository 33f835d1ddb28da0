#include "ops/cuda/norms.h"

#include <math.h>

#include "ops/cuda/divisor.h"
#include "ops/cuda/launch.h"
#include "ops/engines/normalization.h"
#include "ops/engines/requantize.h"
#include "ops/support/softmax_of.h"
#include "ops/support/torch_sum.h"

namespace octet::ops::cuda {
namespace {

uint32_t small(int64_t n) { return static_cast<uint32_t>(n); }
const float* floats_of(const Tensor& t) { return t.defined() ? t.cuda_data<float>() : nullptr; }

struct Softmax {
  const float* x;
  float* y;
  int64_t C, pixels;
  OCTET_HD void operator()(uint32_t i) const {
    const int64_t at = i / pixels * C * pixels + i % pixels;
    softmax_of(
        C, [&](int64_t c) { return x[at + c * pixels]; }, [&](int64_t c, float share) { y[at + c * pixels] = share; });
  }
};

struct SoftmaxBackward {
  const float *dy, *y;
  float* dx;
  int64_t C, pixels;
  OCTET_HD void operator()(uint32_t i) const {
    const int64_t at = i / pixels * C * pixels + i % pixels;
    softmax_backward_of(dy + at, y + at, C, pixels, dx + at);
  }
};

struct SoftmaxOfWholeNumbers {
  const uint8_t* x;
  uint8_t* y;
  int64_t C;
  uint32_t exponentials[256];
  OCTET_HD void operator()(uint32_t i) const { softmax_of_whole_numbers(x + i * C, C, exponentials, y + i * C); }
};

struct SoftmaxOfReals {
  const uint8_t* x;
  uint8_t* y;
  int64_t C;
  int8::QParams input, output;
  OCTET_HD void operator()(uint32_t i) const {
    const uint8_t* from = x + i * C;
    uint8_t* to = y + i * C;
    softmax_of(
        C, [&](int64_t c) { return int8::dequantize_value(from[c], input); },
        [&](int64_t c, float share) {
          to[c] = static_cast<uint8_t>(int8::quantize_value(share, 1.0f / output.scale, output.zero_point, {0, 255}));
        });
  }
};

struct PRelu {
  const float *x, *weight;
  float* y;
  Divisor run, channels;
  OCTET_HD void operator()(uint32_t i) const { y[i] = x[i] > 0 ? x[i] : weight[i / run % channels] * x[i]; }
};

struct PReluBackward {
  const float *dy, *x, *weight;
  float* dx;
  Divisor run, channels;
  OCTET_HD void operator()(uint32_t i) const { dx[i] = x[i] > 0 ? dy[i] : weight[i / run % channels] * dy[i]; }
};

/// One weight's.
struct PReluWeightBackward {
  const float *dy, *x;
  float* dweight;
  int64_t n, run, channels;
  OCTET_HD void operator()(uint32_t channel) const {
    double sum = 0;
    for (int64_t row = channel; row * run < n; row += channels)
      for (int64_t i = row * run; i < (row + 1) * run; ++i)
        if (!(x[i] > 0)) sum += static_cast<double>(dy[i]) * static_cast<double>(x[i]);
    dweight[channel] = static_cast<float>(sum);
  }
};

struct Normalize {
  const float *x, *weight, *bias;  // the last two may be null
  float* y;
  Parts parts;
  float eps;
  OCTET_HD void operator()(uint32_t part) const {
    normalize_part(x + part * parts.size, parts, part, weight, bias, eps, y + part * parts.size);
  }
};

/// Also keeps the statistics, which the weights' gradients need.
struct NormalizeBackward {
  const float *dy, *x, *weight;
  float* dx;
  PartStatistics* kept;
  Parts parts;
  float eps;
  OCTET_HD void operator()(uint32_t part) const {
    const int64_t first = part * parts.size;
    kept[part] = statistics_of(x + first, parts.size, eps);
    normalize_part_backward(dy + first, x + first, parts, part, weight, kept[part], dx + first);
  }
};

/// One factor's: over every part that has it, its elements in a row.
struct NormalizeFactorsBackward {
  const float *dy, *x;
  const PartStatistics* kept;
  float *dweight, *dbias;  // or null
  Parts parts;
  OCTET_HD void operator()(uint32_t factor) const {
    const int64_t in_part = parts.size / parts.run;
    double of_weight = 0, of_bias = 0;
    for (int64_t part = factor / in_part; part < parts.parts; part += parts.first_period)
      for (int64_t i = factor % in_part * parts.run; i < (factor % in_part + 1) * parts.run; ++i) {
        const int64_t at = part * parts.size + i;
        of_weight += static_cast<double>(dy[at]) * kept[part].normalized(x[at]);
        of_bias += static_cast<double>(dy[at]);
      }
    if (dweight) dweight[factor] = static_cast<float>(of_weight);
    if (dbias) dbias[factor] = static_cast<float>(of_bias);
  }
};

struct NormalizeCodes {
  const uint8_t* x;
  uint8_t* y;
  const float *weight, *bias;  // or null
  bool per_part;
  int64_t size, channels, pixels;  // of the layout: 1 pixel where x is [N, C]
  int8::QParams input, output;
  double eps;
  OCTET_HD void operator()(uint32_t part) const {
    int64_t sum = 0, squares = 0;
    for (int64_t i = 0; i < size; ++i) {
      const int64_t q = x[place(part * size + i)];
      sum += q;
      squares += q * q;
    }
    const int8::CodeStatistics s = int8::statistics_of(sum, squares, size, input, eps);
    const float inverse_scale = 1.0f / output.scale;
    for (int64_t i = 0; i < size; ++i) {
      const int64_t at = place(part * size + i), parameter = per_part ? part % channels : i;
      const auto steps = static_cast<float>(x[at] - input.zero_point);
      const float w = weight ? weight[parameter] : 1.0f, b = bias ? bias[parameter] : 0.0f;
      const float value = per_part ? int8::instance_norm_value(steps, s, w, b) : int8::layer_norm_value(steps, s, w, b);
      y[at] = static_cast<uint8_t>(int8::round_to_code(value * inverse_scale, output.zero_point, {0, 255}));
    }
  }

 private:
  /// Where element i of [N, C, H, W] lies, channels last.
  OCTET_HD int64_t place(int64_t i) const {
    const int64_t c = i / pixels % channels, image = i / pixels / channels;
    return (image * pixels + i % pixels) * channels + c;
  }
};

struct BatchNormCodes {
  const uint8_t* x;
  uint8_t* y;
  const float *weight, *bias, *running_mean, *running_var;
  Divisor channels;
  float eps;
  int8::QParams input, output;
  bool relu;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t c = i % channels;
    const int8::BatchNormFactors f =
        int8::batch_norm_factors(weight[c], bias[c], running_mean[c], running_var[c], eps, input, output);
    const float v = fmaf(static_cast<float>(x[i] - input.zero_point), f.factor, f.offset);
    y[i] = static_cast<uint8_t>(int8::round_to_code(v, output.zero_point, {relu ? output.zero_point : 0, 255}));
  }
};

struct MeanOfReals {
  const uint8_t* x;
  uint8_t* y;
  int64_t C, pixels;
  int8::QParams qparams;
  OCTET_HD void operator()(uint32_t i) const {
    const uint8_t* first = x + i / C * pixels * C + i % C;
    const auto value = [&](int64_t pixel) { return int8::dequantize_value(first[pixel * C], qparams); };
    const float sum = torch_sum(pixels, i % C, C, value);
    y[i] = static_cast<uint8_t>(
        int8::quantize_value(sum / static_cast<float>(pixels), 1.0f / qparams.scale, qparams.zero_point, {0, 255}));
  }
};

}  // namespace

void softmax(const Tensor& x, int64_t C, int64_t pixels, Tensor& y) {
  map("softmax", x.numel() / C, Softmax{x.cuda_data<float>(), y.cuda_data<float>(), C, pixels});
}

void softmax_backward(const Tensor& dy, const Tensor& y, int64_t C, int64_t pixels, Tensor& dx) {
  map("softmax_backward", y.numel() / C,
      SoftmaxBackward{dy.cuda_data<float>(), y.cuda_data<float>(), dx.cuda_data<float>(), C, pixels});
}

void int8_softmax(const Tensor& x, int64_t C, int8::QParams input, int8::QParams output, int8::SoftmaxRule rule,
                  const std::array<uint32_t, 256>& exponentials, Tensor& y) {
  if (rule == int8::SoftmaxRule::of_reals) {
    map("int8 softmax", x.numel() / C, SoftmaxOfReals{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), C, input, output});
    return;
  }
  SoftmaxOfWholeNumbers whole{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), C, {}};
  for (size_t d = 0; d < exponentials.size(); ++d) whole.exponentials[d] = exponentials[d];
  map("int8 softmax", x.numel() / C, whole);
}

void prelu(const Tensor& x, const Tensor& weight, int64_t run, Tensor& y) {
  map("prelu", x.numel(),
      PRelu{x.cuda_data<float>(), weight.cuda_data<float>(), y.cuda_data<float>(), small(run), small(weight.numel())});
}

void prelu_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, int64_t run, Tensor& dx, Tensor& dweight) {
  map("prelu_backward", x.numel(),
      PReluBackward{dy.cuda_data<float>(), x.cuda_data<float>(), weight.cuda_data<float>(), dx.cuda_data<float>(), small(run),
                    small(weight.numel())});
  map("prelu_backward, weight", weight.numel(),
      PReluWeightBackward{dy.cuda_data<float>(), x.cuda_data<float>(), dweight.cuda_data<float>(), x.numel(), run,
                          weight.numel()});
}

void normalize(const Tensor& x, const Parts& parts, const Tensor& weight, const Tensor& bias, float eps, Tensor& y) {
  map("normalize", parts.parts,
      Normalize{x.cuda_data<float>(), floats_of(weight), floats_of(bias), y.cuda_data<float>(), parts, eps});
}

void normalize_backward(const Tensor& dy, const Tensor& x, const Parts& parts, const Tensor& weight, float eps, Tensor& dx,
                        Tensor& dweight, Tensor& dbias) {
  Tensor kept({parts.parts * static_cast<int64_t>(sizeof(PartStatistics))}, DType::u8, Device::cuda);
  auto* statistics = reinterpret_cast<PartStatistics*>(kept.cuda_bytes());
  map("normalize_backward", parts.parts,
      NormalizeBackward{dy.cuda_data<float>(), x.cuda_data<float>(), floats_of(weight), dx.cuda_data<float>(), statistics, parts,
                        eps});
  const auto written = [](Tensor& t) { return t.defined() ? t.cuda_data<float>() : nullptr; };
  if (!dweight.defined() && !dbias.defined()) return;
  map("normalize_backward, weight and bias", parts.factors,
      NormalizeFactorsBackward{dy.cuda_data<float>(), x.cuda_data<float>(), statistics, written(dweight), written(dbias), parts});
}

void int8_normalize(const Tensor& x, int64_t size, const Tensor& weight, const Tensor& bias, bool per_part, int8::QParams input,
                    int8::QParams output, double eps, Tensor& y) {
  const int64_t channels = x.shape().back(), pixels = x.dim() == 4 ? x.size(1) * x.size(2) : 1;
  map("int8 normalize", size ? x.numel() / size : 0,
      NormalizeCodes{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), floats_of(weight), floats_of(bias), per_part, size, channels,
                     pixels, input, output, eps});
}

void int8_batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                     const Tensor& running_var, float eps, int8::QParams input, int8::QParams output, bool relu, Tensor& y) {
  map("int8 batch_norm", x.numel(),
      BatchNormCodes{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), weight.cuda_data<float>(), bias.cuda_data<float>(),
                     running_mean.cuda_data<float>(), running_var.cuda_data<float>(), small(x.size(3)), eps, input, output,
                     relu});
}

void int8_mean(const Tensor& x, int8::QParams qparams, Tensor& y) {
  map("int8 mean", y.numel(),
      MeanOfReals{x.cuda_data<uint8_t>(), y.cuda_data<uint8_t>(), x.size(3), x.size(1) * x.size(2), qparams});
}

}  // namespace octet::ops::cuda
