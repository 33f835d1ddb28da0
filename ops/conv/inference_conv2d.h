// Float convolution made for inference: channels last, one group, with bias, residual addition and relu in the same pass.
//
//   y[n, p, q, k] = max(conv2d(x, weight)[n, k, p, q] + bias[k] + added[n, p, q, k], 0 or -infinity)
//   x [N, H, W, C], weight [K, C, R, S], bias [K] or undefined, added [N, P, Q, K] or undefined -> y [N, P, Q, K]
// Two ways, both by the kernels of ops/cpu/fconv.h: directly, windows read where they lie in a padded image (no im2col), or by
// Winograd's F(4x4, 3x3), for 3x3 of stride 1. Which one, and so each output's bits, follows from the layer and the size of the
// image alone, not from the batch, the threads or the instruction set. Twin of ops/conv/conv2d.h, which it equals within rounding.
#pragma once

#include <memory>

#include "ops/conv/im2col.h"
#include "ops/conv/padded_images.h"
#include "ops/support/lazy.h"
#include "tensor/tensor.h"

namespace octet::ops {

/// How a float convolution adds up. fastest: by Winograd where that pays, whose rounding is about ten times that of a direct sum.
enum class FloatSums { fastest, direct };

class InferenceConv2d {
 public:
  /// Is there a kernel on this CPU for such a convolution? Needs AVX2.
  static bool available(const Conv2dOptions& options);

  InferenceConv2d(const Tensor& weight, const Tensor& bias, const Conv2dOptions& options, bool relu,
                  FloatSums sums = FloatSums::fastest);

  Tensor operator()(const Tensor& x, const Tensor& added = {}) const;

  /// For a network's first layer: x [N, C, H, W], as images are loaded. The padded copy becomes channels last on the way.
  Tensor from_planes(const Tensor& x) const;

  /// The two last give the same bits: winograd reads transformed weights, winograd_plain transforms the plain ones as it goes.
  enum class Algorithm { direct, winograd, winograd_plain };
  static const char* name_of(Algorithm algorithm);
  bool has(Algorithm algorithm, const Shape& x) const;
  /// The one that is chosen for an input of this shape.
  Algorithm algorithm(const Shape& x) const;
  Tensor run(Algorithm algorithm, const Tensor& x, const Tensor& added) const;

 private:
  Im2colShape shape_of(const Shape& x) const;
  void run_directly(const Tensor& x, PaddedImages<float>::Layout layout, const Im2colShape& s, const float* added,
                    float* y) const;
  void run_padded(const PaddedImages<float>& images, int64_t N, const Im2colShape& s, const float* added, float* y) const;
  void run_winograd(Algorithm algorithm, const Tensor& x, const Im2colShape& s, const float* added, float* y) const;

  void run_in_phases(Algorithm algorithm, const Tensor& x, const Im2colShape& s, const Tensor& added, Tensor& y) const;

  std::shared_ptr<const InferenceConv2d> of_phases_;  // where there is dilation (ops/conv/dilation.h); without relu
  Tensor weight_;                                     // [K, C, R, S]
  Tensor bias_;                                       // [whole strips of K]
  Conv2dOptions options_;
  FloatSums sums_;
  float low_;                      // of the outputs
  Lazy<Tensor> direct_weights_;    // [strips, R, S*C, strip]
  Lazy<Tensor> winograd_weights_;  // [strips, 36, C, strip]
  Lazy<Tensor> plain_weights_;     // [strips, strip / lanes, C, 3, 3, lanes]
};

}  // namespace octet::ops
