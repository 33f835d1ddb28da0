#include "quant/passes/output_qparams.h"

namespace octet::quant {
namespace {

namespace op = nn::op;
using ops::int8::QParams;

struct OwnQParams {
  std::optional<QParams> operator()(const op::QuantizedConv2d& o) const { return o.layer->params().output; }
  std::optional<QParams> operator()(const op::QuantizedLinear& o) const { return o.layer->params().output; }
  std::optional<QParams> operator()(const op::QuantizedAdd& o) const { return o.params.output; }
  std::optional<QParams> operator()(const op::Quantize& o) const { return o.output; }
  std::optional<QParams> operator()(const op::QuantizedCat& o) const { return o.output; }
  std::optional<QParams> operator()(const op::QuantizedAdaptiveAvgPool2d& o) const { return o.qparams; }
  std::optional<QParams> operator()(const auto&) const { return {}; }
};

bool keeps_qparams(const nn::Op& op) {
  return nn::is<op::QuantizedRelu>(op) || nn::is<op::QuantizedRelu6>(op) || nn::is<op::QuantizedMaxPool2d>(op) ||
         nn::is<op::QuantizedFlatten>(op) || nn::is<op::QuantizedDropout>(op);
}

}  // namespace

std::optional<QParams> own_qparams(const nn::Op& op) { return std::visit(OwnQParams{}, op); }

std::optional<QParams> output_qparams(const nn::Node& node) {
  const nn::Node* at = &node;
  while (keeps_qparams(at->op)) at = at->inputs.at(0);
  return own_qparams(at->op);
}

}  // namespace octet::quant
