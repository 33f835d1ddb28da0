// Row by row: the float, the fake-quant and the int8 graph run, and each node by itself on what the float graph gave its inputs.
#include "quant/checks/node_errors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

#include "nn/graph/int8_layer.h"
#include "nn/graph/output_qparams.h"
#include "nn/graph/print.h"
#include "ops/int8/quantize.h"
#include "quant/checks/observed_values.h"
#include "quant/checks/sqnr.h"
#include "quant/passes/fake_quantize.h"
#include "quant/passes/patterns.h"

namespace octet::quant {
namespace {

/// SQNR of a layer's weight and of what its codes stand for; nothing for other ops.
std::optional<double> weight_sqnr(const nn::Node& layer, const nn::Node& partner) {
  const ops::int8::QuantizedLayer* p = nn::int8_layer(layer.op);
  const Tensor weight = partner.parameter("weight");
  if (!p || !weight.defined() || weight.shape() != p->weight.shape()) return {};
  return closeness(weight, dequantized_weight(*p)).sqnr;
}

/// Sums over what two tensors hold.
struct Sums {
  double xx = 0, yy = 0, xy = 0, dd = 0;

  void add(const Tensor& value, const Tensor& other) {
    OCTET_CHECK(value.shape() == other.shape(), "closeness: ", value.shape(), " and ", other.shape());
    for (int64_t i = 0; i < value.numel(); ++i) {
      const double x = static_cast<double>(value.data<float>()[i]), y = static_cast<double>(other.data<float>()[i]);
      xx += x * x;
      yy += y * y;
      xy += x * y;
      dd += (x - y) * (x - y);
    }
  }
  Closeness closeness() const {
    Closeness c;
    c.sqnr = quant::sqnr(xx, dd);
    c.cosine = dd == 0 ? 1 : xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
    return c;
  }
};

/// What is known of a node after some rows.
struct Tally {
  NodeError error;
  Sums local, cumulative, fake_quant;
  std::array<bool, 256> used{};
  int64_t values = 0, below = 0, above = 0;

  void count_codes(const Tensor& codes) {
    for (int64_t i = 0; i < codes.numel(); ++i) used[codes.data<uint8_t>()[i]] = true;
  }
  /// Values that round to a code beyond the 256.
  void count_clipped(const Tensor& value, ops::int8::QParams q) {
    const double low = (-0.5 - q.zero_point) * q.scale, high = (255.5 - q.zero_point) * q.scale;
    values += value.numel();
    for (int64_t i = 0; i < value.numel(); ++i) {
      below += value.data<float>()[i] < low;
      above += value.data<float>()[i] > high;
    }
  }
  void keep_largest_errors(const Tensor& value, const Tensor& other) {
    const int64_t C = value.size(1), pixels = C ? value.numel() / C : 0;
    error.largest_error.resize(static_cast<size_t>(C), 0.0f);
    for (int64_t i = 0; i < value.numel(); ++i) {
      float& of_channel = error.largest_error[static_cast<size_t>(i / pixels)];
      of_channel = std::max(of_channel, std::abs(value.data<float>()[i] - other.data<float>()[i]));
    }
  }
  NodeError result() && {
    error.local = local.closeness(), error.cumulative = cumulative.closeness(), error.fake_quant = fake_quant.closeness();
    error.codes_used = std::ranges::count(used, true);
    const auto n = static_cast<double>(std::max<int64_t>(1, values));
    error.clipped_low = static_cast<double>(below) / n, error.clipped_high = static_cast<double>(above) / n;
    return std::move(error);
  }
};

/// The three graphs, and one row through all of them.
class Rows {
 public:
  Rows(const nn::Graph& prepared, const QConfigMapping& mapping, const nn::Graph& int8)
      : as_float_(without_observers(prepared)), fake_(fake_quantize(prepared, mapping)), int8_(int8) {
    for (const nn::Node& node : prepared.nodes())
      if (observer_of(node)) observed_[node.name] = node.inputs[0];
  }

  void add(const nn::Batch& row) {
    const auto is_observer = [&](const nn::Node& node) { return observed_.contains(node.name); };
    const ObservedValues of_float = observed_values(as_float_, row, is_observer),
                         of_fake = observed_values(fake_, row, is_observer);
    size_t i = 0;
    nn::run_all(int8_, row, [&](const nn::Node& node, const Tensor& codes) {
      const std::string observer = chosen_by(node);
      if (observer.empty()) return;
      if (i == tallies_.size()) tallies_.push_back(begun(node, observer));
      add(tallies_[i++], node, codes, of_float, of_fake.at(observer));
    });
  }

  std::vector<NodeError> result() && {
    std::vector<NodeError> errors;
    for (Tally& tally : tallies_) errors.push_back(std::move(tally).result());
    return errors;
  }

 private:
  Tally begun(const nn::Node& node, const std::string& observer) const {
    const nn::Node& partner = *observed_.at(observer);
    Tally tally;
    tally.error = {.name = node.name, .type = nn::type_name(node), .partner = partner.name, .observer = observer};
    tally.error.weight_sqnr = weight_sqnr(node, partner);
    return tally;
  }

  /// The node fed float's values.
  static Tensor alone(const nn::Node& node, const ObservedValues& of_float) {
    if (nn::is<nn::op::Quantize>(node.op))
      return ops::int8::quantize(of_float.at(chosen_by(node)), nn::output_qparams(node).value());
    std::vector<Tensor> inputs;
    for (const nn::Node* input : node.inputs)
      inputs.push_back(ops::int8::quantize(of_float.at(chosen_by(*input)), nn::output_qparams(*input).value()));
    return nn::run_node(node, inputs);
  }

  static void add(Tally& tally, const nn::Node& node, const Tensor& codes, const ObservedValues& of_float, const Tensor& fake) {
    const ops::int8::QParams q = nn::output_qparams(node).value();
    const Tensor& value = of_float.at(tally.error.observer);
    const Tensor int8_value = ops::int8::dequantize(codes, q);
    tally.local.add(value, ops::int8::dequantize(alone(node, of_float), q));
    tally.cumulative.add(value, int8_value);
    tally.fake_quant.add(value, ops::int8::dequantize(ops::int8::quantize(fake, q), q));
    tally.count_codes(codes);
    tally.count_clipped(value, q);
    tally.keep_largest_errors(value, int8_value);
    if (!tally.error.float_value.defined()) tally.error.float_value = value, tally.error.int8_value = int8_value;
  }

  nn::Graph as_float_, fake_;
  const nn::Graph& int8_;
  std::unordered_map<std::string, const nn::Node*> observed_;  // by its observer
  std::vector<Tally> tallies_;                                 // in the order of int8
};

}  // namespace

Tensor dequantized_weight(const ops::int8::QuantizedLayer& layer) {
  Tensor values(layer.weight.shape());
  const int64_t row = layer.weight.numel() / layer.weight.size(0);
  for (int64_t i = 0; i < values.numel(); ++i)
    values.data<float>()[i] =
        static_cast<float>(layer.weight.data<int8_t>()[i]) * ops::int8::scale_of(layer.weight_scale, i / row);
  return values;
}

std::vector<float> largest_magnitudes(const Tensor& weight) {
  const int64_t K = weight.size(0), row = K ? weight.numel() / K : 0;
  std::vector<float> largest(static_cast<size_t>(K));
  for (int64_t i = 0; i < weight.numel(); ++i) {
    float& of_channel = largest[static_cast<size_t>(i / row)];
    of_channel = std::max(of_channel, std::abs(weight.data<float>()[i]));
  }
  return largest;
}

Closeness closeness(const Tensor& value, const Tensor& other) {
  Sums sums;
  sums.add(value, other);
  return sums.closeness();
}

std::vector<NodeError> node_errors(const nn::Graph& prepared, const QConfigMapping& mapping, const nn::Graph& int8,
                                   const nn::Batch& batch) {
  Rows rows(prepared, mapping, int8);
  for (int64_t i = 0; i < batch.images(); ++i) {
    rows.add(row_of(batch, i));
  }
  return std::move(rows).result();
}

}  // namespace octet::quant
