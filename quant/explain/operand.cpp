// Finds the value of a place in either layout.
#include "quant/explain/operand.h"

#include "nn/graph/ops/text.h"
#include "nn/graph/output_qparams.h"

namespace octet::quant {

std::ostream& operator<<(std::ostream& out, Shown number) { return out << nn::shortest(number.value); }

Operand::Operand(const nn::Node& node, Tensor value)
    : name_(node.name), value_(std::move(value)), is_codes_(value_.dtype() == DType::quint8) {
  OCTET_CHECK(is_codes_ || value_.dtype() == DType::f32, "node '", name_, "' gives ", value_.dtype(),
              ", expected codes or floats");
  OCTET_CHECK(value_.dim() == 2 || value_.dim() >= 4, "node '", name_, "' gives ", value_.shape(),
              ", expected rows [N, C] or images of channels, rows and columns");
  const Shape first = is_codes_ ? channels_first(value_.shape()) : value_.shape();
  shape_ = {first.begin() + 1, first.end()};
  N_ = first[0];
  if (first.size() > 2) {
    H_ = first[first.size() - 2];
    W_ = first[first.size() - 1];
  }
  const int64_t rest = N_ * H_ * W_;
  C_ = rest > 0 ? value_.numel() / rest : 0;
  if (is_codes_) {
    codes_ = value_.data<uint8_t>();
    qparams_ = nn::output_qparams(node).value();
  } else {
    floats_ = value_.data<float>();
  }
}

float Operand::real(const Place& at) const {
  if (is_codes_) return static_cast<float>(code(at) - qparams_.zero_point) * qparams_.scale;
  return floats_[index(at)];
}

}  // namespace octet::quant
