// int8 convolution (+ relu): quint8 activations, qint8 weights, int32 accumulators, no float before the requantization.
//
//   acc[n, p, q, k] = sum over r, s, c of (x[n, h, w, c] - zx) * weight[k, c, r, s],  h = p*stride - padding + r*dilation, w likewise;
//   a padded position holds zx and so contributes 0
//   y = requantize(acc)                                                              (ops/engines/requantize.h)
//
//   x quint8 [N, H, W, C], weight qint8 [K, C/G, R, S] -> y quint8 [N, P, Q, K].
// This is the layer; it checks, and chooses a way, all with the same codes: im2col_conv2d.h, which is read first,
// direct_conv2d.h, winograd_conv2d.h, depthwise_conv2d.h, or on a device ops/cuda/int8_conv2d.h.
// Dilation: ops/conv/dilation.h. PyTorch counterpart: torch.ao.nn.quantized.Conv2d
// and torch.ao.nn.intrinsic.quantized.ConvReLU2d. Naive twin: ops/reference/int8_conv2d.h.
#pragma once

#include <memory>

#include "ops/cuda/int8_conv2d.h"
#include "ops/engines/requantize.h"
#include "ops/int8/depthwise_conv2d.h"
#include "ops/int8/direct_conv2d.h"
#include "ops/int8/im2col_conv2d.h"
#include "ops/int8/winograd_conv2d.h"
#include "ops/options.h"
#include "ops/support/lazy.h"

namespace octet::ops::int8 {

/// Ways to the same codes.
enum class ConvAlgorithm { im2col, direct, winograd, winograd_fused, depthwise };
constexpr ConvAlgorithm kConvAlgorithms[] = {ConvAlgorithm::im2col, ConvAlgorithm::direct, ConvAlgorithm::winograd,
                                             ConvAlgorithm::winograd_fused, ConvAlgorithm::depthwise};
const char* name_of(ConvAlgorithm algorithm);

/// What was found fastest (nn/graph/passes/tune.h) for one shape of input, on one kind of CPU with so many threads.
struct ConvChoice {
  std::string isa;
  int64_t threads = 1, batch = 1, height = 0, width = 0;  // the input's
  ConvAlgorithm algorithm = ConvAlgorithm::direct;

  bool is_for(const ConvChoice& o) const {
    return isa == o.isa && threads == o.threads && batch == o.batch && height == o.height && width == o.width;
  }
};
/// The choice for an input [N, H, W, C] on this CPU with the current number of threads.
ConvChoice choice_here(const Shape& x, ConvAlgorithm algorithm);

struct Conv2dParams : QuantizedLayer {  // weight [K, C/G, R, S]
  Conv2dOptions options;
  std::vector<ConvChoice> choices = {};  // a rule decides for an input that has no choice here
};

class Conv2d {
 public:
  /// Checks the parameters. Throws Error.
  explicit Conv2d(Conv2dParams params);

  Tensor operator()(const Tensor& x) const { return run(x, {}); }

  /// Followed by ops/int8/add.h, in one pass: the convolution's codes are the first summand, `other` the second.
  Tensor operator()(const Tensor& x, const Addition& addition, const Tensor& other) const;

  /// Followed by a clamp of its codes, in one pass: relu6.
  Tensor operator()(const Tensor& x, CodeRange clamp) const;

  /// Can an input of this shape [N, H, W, C] go that way, on this CPU and with these weights?
  bool has(ConvAlgorithm algorithm, const Shape& x) const;
  /// The way that an input of this shape [N, H, W, C] goes.
  ConvAlgorithm algorithm(const Shape& x) const;

  const Conv2dParams& params() const { return params_; }
  const Requantization& requantization() const { return requantization_; }

 private:
  Im2colShape shape_of(const Shape& x) const;
  Tensor run(const Tensor& x, const FollowUp& follow_up) const;
  Tensor run_as(ConvAlgorithm algorithm, const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up) const;
  Tensor run_in_phases(const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up) const;
  Tensor run_on_cuda(const Tensor& x, const Im2colShape& shape, const FollowUp& follow_up) const;

  Conv2dParams params_;
  Requantization requantization_;
  std::shared_ptr<const Conv2d> of_phases_;  // where there is dilation, which the members below do not know
  bool winograd_applies_;
  bool stays_in_int32_;  // what is rounded, as the kernels of direct and depthwise need it
  Lazy<Im2colConv2d> im2col_;
  Lazy<DirectConv2d> direct_;
  Lazy<WinogradConv2d> winograd_, winograd_fused_;
  Lazy<DepthwiseConv2d> depthwise_;
  Lazy<cuda::Int8Conv2d> on_cuda_;
};

}  // namespace octet::ops::int8
