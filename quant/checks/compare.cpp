#include "quant/checks/compare.h"

#include <algorithm>
#include <cmath>

#include "nn/graph/ops.h"
#include "nn/graph/output_qparams.h"
#include "nn/graph/print.h"
#include "ops/int8/quantize.h"
#include "quant/checks/observed_values.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/patterns.h"

namespace octet::quant {
namespace {

CodeDifference difference(const Tensor& got, const Tensor& want) {
  OCTET_CHECK(got.shape() == want.shape(), "compare: int8 ", got.shape(), ", fake-quant ", want.shape());
  CodeDifference d{.codes = got.numel()};
  for (int64_t i = 0; i < got.numel(); ++i) {
    const int delta = got.data<uint8_t>()[i] - want.data<uint8_t>()[i];
    d.differing += delta != 0;
    d.largest = std::max<int64_t>(d.largest, std::abs(delta));
    d.sum += delta;
  }
  return d;
}

double expected_share_of(const nn::Op& op, const Tensor& input) {
  return nn::visit(
      [&]<class T>(const T& o) -> double {
        if constexpr (nn::op::OnCodes<T>)
          return o.differs_from_fake_quant(input);
        else
          return 0;
      },
      op);
}

/// q ln(q / p) + (1 - q) ln((1 - q) / (1 - p)), 0 < p < 1.
double kullback_leibler(double q, double p) {
  const double differ = q > 0 ? q * std::log(q / p) : 0, equal = q < 1 ? (1 - q) * std::log((1 - q) / (1 - p)) : 0;
  return differ + equal;
}

void add(CodeDifference& sum, const CodeDifference& d) {
  sum.codes += d.codes;
  sum.differing += d.differing;
  sum.largest = std::max(sum.largest, d.largest);
  sum.sum += d.sum;
}

std::vector<NodeComparison> compare_row(const nn::Graph& fake, const nn::Graph& int8, const nn::Batch& batch) {
  const auto values = observed_values(fake, batch, [](const nn::Node& node) { return fake_quantize_of(node) != nullptr; });
  const auto codes_of = [&](const nn::Node& node) {
    return ops::int8::quantize(values.at(chosen_by(node)), *nn::output_qparams(node));
  };
  std::vector<NodeComparison> rows;
  nn::run_all(int8, batch, [&](const nn::Node& node, const Tensor& value) {
    if (chosen_by(node).empty() || nn::is<nn::op::Quantize>(node.op)) return;
    std::vector<Tensor> inputs;
    for (const nn::Node* input : node.inputs) inputs.push_back(codes_of(*input));
    const Tensor want = codes_of(node);
    rows.push_back({.name = node.name,
                    .type = nn::type_name(node),
                    .local = difference(nn::run_node(node, inputs), want),
                    .overall = difference(value, want),
                    .expected = expected_share_of(node.op, inputs[0])});
  });
  return rows;
}

}  // namespace

bool NodeComparison::suspicious() const {
  constexpr double kFloor = 1e-3, kChance = 1e-6;
  const double allowed = 2 * expected + kFloor;
  if (local.largest > 1) return true;
  if (allowed >= 1 || local.share() <= allowed) return false;
  return static_cast<double>(local.codes) * kullback_leibler(local.share(), allowed) > -std::log(kChance);
}

std::vector<NodeComparison> compare(const nn::Graph& fake, const nn::Graph& int8, const nn::Batch& batch) {
  std::vector<NodeComparison> rows;
  for (int64_t i = 0; i < batch.images(); ++i) {
    const std::vector<NodeComparison> of_row = compare_row(fake, int8, row_of(batch, i));
    if (i == 0) {
      rows = of_row;
      continue;
    }
    for (size_t n = 0; n < rows.size(); ++n) {
      add(rows[n].local, of_row[n].local);
      add(rows[n].overall, of_row[n].overall);
    }
  }
  return rows;
}

}  // namespace octet::quant
