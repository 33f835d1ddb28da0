#include "ops/cuda/batch_norm.h"

#include <math.h>

#include "ops/cuda/channel_reduce.h"

namespace octet::ops::cuda {
namespace {

struct BatchNorm {
  const float *x, *weight, *bias, *mean, *variance;
  float eps;
  Divisor channels, plane;
  float* y;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t c = i / plane % channels;
    const float alpha = weight[c] * ops::inverse_std(variance[c], eps), beta = fmaf(-mean[c], alpha, bias[c]);
    y[i] = fmaf(x[i], alpha, beta);
  }
};

struct InverseStd {
  const float* variance;
  float eps;
  float* y;
  OCTET_HD void operator()(uint32_t c) const { y[c] = ops::inverse_std(variance[c], eps); }
};

struct SquaredDistance {
  const float* x;
  const TwoSums* sums;  // of the values
  double count;
  OCTET_HD TwoSums operator()(uint32_t i, uint32_t c) const {
    const double distance = static_cast<double>(x[i]) - sums[c].a / count;
    return {distance * distance, 0};
  }
};

struct MeanAndVariance {
  const TwoSums *sums, *squares;
  double count;
  float *mean, *variance;
  OCTET_HD void operator()(uint32_t c) const {
    mean[c] = static_cast<float>(sums[c].a / count);
    variance[c] = static_cast<float>(squares[c].a / count);
  }
};

struct UpdateRunning {
  const float *mean, *variance;
  float momentum, unbiased;
  float *running_mean, *running_var;
  OCTET_HD void operator()(uint32_t c) const {
    running_mean[c] += momentum * (mean[c] - running_mean[c]);
    running_var[c] += momentum * (variance[c] * unbiased - running_var[c]);
  }
};

/// sum dy, and sum dy * (x - mean)
struct DySums {
  const float *dy, *x, *mean;
  OCTET_HD TwoSums operator()(uint32_t i, uint32_t c) const {
    return {static_cast<double>(dy[i]), static_cast<double>(dy[i]) * static_cast<double>(x[i] - mean[c])};
  }
};

/// One channel's: dx = dy * this dy + (x - mean) * this x + constant.
struct Coefficients {
  float dy, x, constant;
};

struct ChannelGradients {
  const TwoSums* sums;
  const float *weight, *variance;
  float eps;
  double per_value;  // 1 / count, or 0 where the statistics do not follow x
  float *dweight, *dbias;
  Coefficients* coefficients;
  OCTET_HD void operator()(uint32_t c) const {
    const double scale = static_cast<double>(ops::inverse_std(variance[c], eps)), a = static_cast<double>(weight[c]) * scale;
    dbias[c] = static_cast<float>(sums[c].a);
    dweight[c] = static_cast<float>(sums[c].b * scale);
    coefficients[c] = {static_cast<float>(a), static_cast<float>(-a * scale * scale * sums[c].b * per_value),
                       static_cast<float>(-a * sums[c].a * per_value)};
  }
};

struct InputGradient {
  const float *dy, *x, *mean;
  const Coefficients* coefficients;
  Divisor channels, plane;
  float* dx;
  OCTET_HD void operator()(uint32_t i) const {
    const uint32_t c = i / plane % channels;
    const Coefficients k = coefficients[c];
    dx[i] = k.dy * dy[i] + k.x * (x[i] - mean[c]) + k.constant;
  }
};

}  // namespace

void batch_norm(const Tensor& x, const BatchNormParams& p, Tensor& y) {
  const ChannelLayout l(x);
  map("batch_norm", x.numel(),
      BatchNorm{x.cuda_data<float>(), p.weight.cuda_data<float>(), p.bias.cuda_data<float>(), p.running_mean.cuda_data<float>(),
                p.running_var.cuda_data<float>(), p.eps, l.C, l.plane, y.cuda_data<float>()});
}

void inverse_std(const Tensor& variance, float eps, Tensor& y) {
  map("inverse_std", y.numel(), InverseStd{variance.cuda_data<float>(), eps, y.cuda_data<float>()});
}

void batch_statistics(const Tensor& x, BatchStatistics& s) {
  const ChannelLayout l(x);
  const auto count = static_cast<double>(s.count);
  const ChannelSums sums("batch_norm mean", l, ValueOf{x.cuda_data<float>()});
  const ChannelSums squares("batch_norm variance", l, SquaredDistance{x.cuda_data<float>(), sums.data(), count});
  map("batch_norm statistics", l.C,
      MeanAndVariance{sums.data(), squares.data(), count, s.mean.cuda_data<float>(), s.variance.cuda_data<float>()});
}

void update_running(const BatchStatistics& s, float momentum, Tensor& running_mean, Tensor& running_var) {
  const float unbiased = static_cast<float>(s.count) / static_cast<float>(s.count - 1);
  map("update_running", s.mean.numel(),
      UpdateRunning{s.mean.cuda_data<float>(), s.variance.cuda_data<float>(), momentum, unbiased, running_mean.cuda_data<float>(),
                    running_var.cuda_data<float>()});
}

void batch_norm_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, const BatchStatistics& s, float eps,
                         bool statistics_follow, BatchNormGradients& d) {
  const ChannelLayout l(x);
  const float* mean = s.mean.cuda_data<float>();
  const ChannelSums sums("batch_norm_backward sums", l, DySums{dy.cuda_data<float>(), x.cuda_data<float>(), mean});
  Tensor bytes({int64_t{l.C} * static_cast<int64_t>(sizeof(Coefficients))}, DType::u8, Device::cuda);
  auto* coefficients = reinterpret_cast<Coefficients*>(bytes.cuda_bytes());
  map("batch_norm_backward channels", l.C,
      ChannelGradients{sums.data(), weight.cuda_data<float>(), s.variance.cuda_data<float>(), eps,
                       statistics_follow ? 1.0 / static_cast<double>(s.count) : 0.0, d.weight.cuda_data<float>(),
                       d.bias.cuda_data<float>(), coefficients});
  map("batch_norm_backward", x.numel(),
      InputGradient{dy.cuda_data<float>(), x.cuda_data<float>(), mean, coefficients, l.C, l.plane, d.x.cuda_data<float>()});
}

}  // namespace octet::ops::cuda
