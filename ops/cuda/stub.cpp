// The kernels of a build without CUDA. Nobody gets here: a tensor on the device cannot be made (tensor/cuda/runtime_stub.cpp).
#include "ops/cuda/batch_norm.h"
#include "ops/cuda/channels.h"
#include "ops/cuda/cross_entropy.h"
#include "ops/cuda/dropout.h"
#include "ops/cuda/elementwise.h"
#include "ops/cuda/gather.h"
#include "ops/cuda/gemm.h"
#include "ops/cuda/im2col.h"
#include "ops/cuda/int8_conv2d.h"
#include "ops/cuda/int8_elementwise.h"
#include "ops/cuda/norms.h"
#include "ops/cuda/observe.h"
#include "ops/cuda/optimizer_step.h"
#include "ops/cuda/pool.h"
#include "tensor/cuda/runtime.h"

namespace octet::ops::cuda {
namespace {
[[noreturn]] void refuse() { fail("device cuda is not available: ", octet::cuda::missing()); }
}  // namespace

void activate(Activation, const Tensor&, Tensor&) { refuse(); }
void activation_backward(Activation, Tensor&, const Tensor&) { refuse(); }
void add(const Tensor&, const Tensor&, Tensor&) { refuse(); }
void multiply(const Tensor&, const Tensor&, Tensor&) { refuse(); }
void scale(const Tensor&, float, Tensor&) { refuse(); }
void fill_channels(const Tensor&, Tensor&) { refuse(); }
void cat_channels(std::span<const Tensor>, Tensor&) { refuse(); }
void split_channels(const Tensor&, std::span<Tensor>) { refuse(); }
void dropout(const Tensor&, float, uint64_t, Tensor&, Tensor&) { refuse(); }
void max_pool2d(const Tensor&, const std::optional<MaxPool2dOptions>&, Tensor&, Tensor&) { refuse(); }
void adaptive_avg_pool2d(const Tensor&, Tensor&) { refuse(); }
void max_pool2d_backward(const Tensor&, const Tensor&, const std::optional<MaxPool2dOptions>&, Tensor&) { refuse(); }
void adaptive_avg_pool2d_backward(const Tensor&, Tensor&) { refuse(); }
void avg_pool2d(const Tensor&, const AvgWindows&, Tensor&) { refuse(); }
void avg_pool2d_backward(const Tensor&, const AvgWindows&, const AvgPool2dOptions&, Tensor&) { refuse(); }
void multiply_gate(const Tensor&, const Tensor&, const Broadcast&, Tensor&) { refuse(); }
void sum_to(const Tensor&, const Broadcast&, Tensor&) { refuse(); }
void permute_channels(const Tensor&, std::span<const int64_t>, std::span<const int64_t>, int64_t, Tensor&) { refuse(); }
void pad(const Tensor&, const PadAxis&, const PadAxis&, float, Tensor&) { refuse(); }
void pad_backward(const Tensor&, const PadAxis&, const PadAxis&, Tensor&) { refuse(); }
void interpolate(const Tensor&, const ResizeAxis&, const ResizeAxis&, Tensor&) { refuse(); }
void interpolate_backward(const Tensor&, const ResizeAxis&, const ResizeAxis&, Tensor&) { refuse(); }
void batch_norm(const Tensor&, const BatchNormParams&, Tensor&) { refuse(); }
void batch_statistics(const Tensor&, BatchStatistics&) { refuse(); }
void update_running(const BatchStatistics&, float, Tensor&, Tensor&) { refuse(); }
void batch_norm_backward(const Tensor&, const Tensor&, const Tensor&, const BatchStatistics&, float, bool, BatchNormGradients&) {
  refuse();
}
void inverse_std(const Tensor&, float, Tensor&) { refuse(); }
void multiply_slices(const Tensor&, const Tensor&, Tensor&) { refuse(); }
void divide_channels(Tensor&, const Tensor&) { refuse(); }
void dot_slices(const Tensor&, const Tensor&, Tensor&) { refuse(); }
void dot_channels(const Tensor&, const Tensor&, Tensor&) { refuse(); }
void channel_sums(const Tensor&, Tensor&) { refuse(); }
double sum_of_squares(std::span<const Tensor>) { refuse(); }
double cross_entropy(const Tensor&, std::span<const int>, float) { refuse(); }
void cross_entropy_backward(const Tensor&, std::span<const int>, float, Tensor&) { refuse(); }
void sgd_step(const SgdStep&, const Tensor&, Tensor&, Tensor&) { refuse(); }
void adamw_step(const AdamWStep&, const Tensor&, Tensor&, Tensor&, Tensor&) { refuse(); }
void im2col(const float*, int64_t, int64_t, const Im2colShape&, Columns, float*) { refuse(); }
void col2im(const float*, int64_t, int64_t, const Im2colShape&, float*) { refuse(); }
void rows_side_by_side(const float*, int64_t, int64_t, int64_t, int64_t, float*) { refuse(); }
void gemm(const Gemm&) { refuse(); }
void allow_tf32(bool) { refuse(); }

std::vector<MinMaxNan> min_max(const float*, int64_t, int64_t) { refuse(); }
void add_counts(const float*, int64_t, const BinRule&, std::vector<int64_t>&) { refuse(); }

void int8_max_pool2d(const Tensor&, const MaxPool2dOptions&, Tensor&) { refuse(); }
void int8_adaptive_avg_pool2d(const Tensor&, const int8::AverageRule&, Tensor&) { refuse(); }
void int8_avg_pool2d(const Tensor&, const AvgWindows&, const int8::AverageRule&, int32_t, Tensor&) { refuse(); }
void int8_multiply_gate(const Tensor&, const Tensor&, const Broadcast&, const int8::QMultiply&, Tensor&) { refuse(); }
void int8_interpolate(const Tensor&, const ResizeAxis&, const ResizeAxis&, int32_t, Tensor&) { refuse(); }
void softmax(const Tensor&, int64_t, int64_t, Tensor&) { refuse(); }
void softmax_backward(const Tensor&, const Tensor&, int64_t, int64_t, Tensor&) { refuse(); }
void int8_softmax(const Tensor&, int64_t, int8::QParams, int8::QParams, int8::SoftmaxRule, const std::array<uint32_t, 256>&,
                  Tensor&) {
  refuse();
}
void prelu(const Tensor&, const Tensor&, int64_t, Tensor&) { refuse(); }
void prelu_backward(const Tensor&, const Tensor&, const Tensor&, int64_t, Tensor&, Tensor&) { refuse(); }
void normalize(const Tensor&, const Parts&, const Tensor&, const Tensor&, float, Tensor&) { refuse(); }
void normalize_backward(const Tensor&, const Tensor&, const Parts&, const Tensor&, float, Tensor&, Tensor&, Tensor&) { refuse(); }
void int8_normalize(const Tensor&, int64_t, const Tensor&, const Tensor&, bool, int8::QParams, int8::QParams, double, Tensor&) {
  refuse();
}
void int8_batch_norm(const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&, float, int8::QParams,
                     int8::QParams, bool, Tensor&) {
  refuse();
}
void int8_mean(const Tensor&, int8::QParams, Tensor&) { refuse(); }
void join_phases(const Tensor&, const Phases2&, int64_t, Tensor&) { refuse(); }
void quantize(const Tensor&, int8::QParams, Tensor&) { refuse(); }
void dequantize(const Tensor&, int8::QParams, Tensor&) { refuse(); }
void int8_add(const Tensor&, const Tensor&, const int8::QAdd&, Tensor&) { refuse(); }
void int8_clamp(const Tensor&, uint8_t, uint8_t, Tensor&) { refuse(); }
void int8_lookup(const Tensor&, const std::array<uint8_t, 256>&, int64_t, Tensor&) { refuse(); }
void to_channels_first(const Tensor&, Tensor&) { refuse(); }
void fake_quantize(const Tensor&, std::span<const int8::QParams>, int8::CodeRange, Tensor&, Tensor&) { refuse(); }
void fake_quantize_backward(Tensor&, const Tensor&) { refuse(); }

Int8Conv2d::Int8Conv2d(const Tensor&, const Conv2dOptions&, int32_t, const int8::Requantization&) { refuse(); }
void Int8Conv2d::operator()(const Tensor&, const Im2colShape&, const int8::CodesToAdd&, Tensor&, std::optional<size_t>) const {
  refuse();
}
size_t Int8Conv2d::tiling(int64_t) const { refuse(); }

}  // namespace octet::ops::cuda
