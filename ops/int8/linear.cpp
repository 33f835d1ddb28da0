#include "ops/int8/linear.h"

namespace octet::ops::int8 {
namespace {

LinearParams checked(LinearParams p) {
  const Tensor& w = p.weight;
  OCTET_CHECK(w.dim() == 2 && w.dtype() == DType::qint8, "int8 linear: expected weight qint8 [K, C], got ", w.dtype(), " ",
              w.shape());
  check_qparams(p.input, DType::quint8, "int8 linear input");
  check_qparams(p.output, DType::quint8, "int8 linear output");
  return p;
}

}  // namespace

Linear::Linear(LinearParams params)
    : params_(checked(std::move(params))),
      requantization_(params_, rules_of(params_.engine).linear),
      packed_(params_.weight.data<int8_t>(), params_.weight.size(0), params_.weight.size(1)) {}

Tensor Linear::operator()(const Tensor& x) const {
  const int64_t K = params_.weight.size(0), C = params_.weight.size(1);
  OCTET_CHECK(x.dim() == 2 && x.dtype() == DType::quint8 && x.size(1) == C, "int8 linear: expected input quint8 [N, ", C,
              "], got ", x.dtype(), " ", x.shape());
  const int64_t N = x.size(0);
  if (x.on_cuda()) {  // a convolution of images of one pixel
    const auto make = [&] {
      return cuda::Int8Conv2d(params_.weight.reshape({K, C, 1, 1}), {}, params_.input.zero_point, requantization_);
    };
    Tensor y({N, K}, DType::quint8, Device::cuda), images = y.reshape({N, 1, 1, K});
    on_cuda_.get(make)(x.reshape({N, 1, 1, C}), {C, 1, 1, 1, 1, 0, 1, 1}, {}, images);
    return y;
  }
  std::vector<int16_t> rows(static_cast<size_t>(N * packed_.depth), 0);
  std::vector<int32_t> acc(static_cast<size_t>(N * packed_.padded_outputs()));
  const uint8_t* px = x.data<uint8_t>();
  for (int64_t n = 0; n < N; ++n)
    for (int64_t c = 0; c < C; ++c)
      rows[static_cast<size_t>(n * packed_.depth + c)] = static_cast<int16_t>(px[n * C + c] - params_.input.zero_point);
  cpu::qgemm(rows.data(), N, packed_, acc.data());
  Tensor y({N, K}, DType::quint8);
  for (int64_t n = 0; n < N; ++n)
    requantize(acc.data() + n * packed_.padded_outputs(), requantization_, 0, K, y.data<uint8_t>() + n * K);
  return y;
}

}  // namespace octet::ops::int8
