// One layer's weights as codes: one scale for all of them, and one for each filter.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/lesson/lesson.h"
#include "ops/fake_quantize.h"
#include "ops/int8/quantize.h"
#include "quant/checks/node_errors.h"
#include "quant/observers/qparams.h"

namespace octet::apps {
namespace {

constexpr const char* kLayer = "0.4.0.conv1";

/// [K, C, R, S], with the batch norm behind it folded in.
Tensor folded_weight() {
  const nn::Graph graph = prepared_resnet18();
  for (const nn::Node& node : graph.nodes())
    if (node.target == kLayer) return node.parameter("weight");
  fail("the checkpoint has no layer ", kLayer);
}

float scale_of(float largest) { return quant::calculate_qparams(-largest, largest, quant::kWeightSpec).scale; }

double sqnr_of(const Tensor& weight, const Tensor& rounded) { return quant::closeness(weight, rounded).sqnr; }

/// Different codes among a filter's.
size_t codes_used(const Tensor& codes) {
  std::vector<bool> seen(256);
  for (int64_t i = 0; i < codes.numel(); ++i) seen[static_cast<size_t>(codes.data<int8_t>()[i] + 128)] = true;
  return static_cast<size_t>(std::count(seen.begin(), seen.end(), true));
}

struct Way {
  std::vector<float> scale;  // one, or one per filter
  Tensor codes, rounded;
};
Way in_codes(const Tensor& weight, std::vector<float> scale) {
  return {scale, ops::int8::quantize_weight(weight, scale), ops::fake_quantize_weight(weight, scale)};
}

void tell_filter(std::ostream& out, const char* what, int64_t k, const Tensor& weight, const Way& way) {
  const float scale = way.scale[way.scale.size() == 1 ? 0 : static_cast<size_t>(k)];
  const Tensor codes = way.codes.slice(k, k + 1), floats = weight.slice(k, k + 1), rounded = way.rounded.slice(k, k + 1);
  out << "  " << what << " filter, " << k << ": scale " << number("%.6f", scale) << ", " << codes_used(codes)
      << " codes used, SQNR " << number("%.1f", sqnr_of(floats, rounded)) << " dB\n";
  out << "    weights" << row("%9.5f", std::span(floats.data<float>(), 6)) << " ...\n";
  out << "    codes  " << row("%9d", std::span(codes.data<int8_t>(), 6)) << " ...\n";
  out << "    rounded" << row("%9.5f", std::span(rounded.data<float>(), 6)) << " ...\n";
}

/// Why the weights' zero point is 0, on the first three products of the widest filter.
void tell_sums(std::ostream& out, const Way& way, int64_t k) {
  const int8_t* w = way.codes.slice(k, k + 1).data<int8_t>();
  constexpr int x[3] = {131, 90, 160}, zx = 114, zw = 3;
  int plain = 0, sum_w = 0, sum_x = 0, exact = 0, other = 0;
  for (int i = 0; i < 3; ++i) {
    plain += x[i] * w[i];
    sum_w += w[i];
    sum_x += x[i];
    exact += (x[i] - zx) * w[i];
    other += (x[i] - zx) * (w[i] - zw);
  }
  out << "three products, input codes 131 90 160 with zero point 114, weight codes " << int{w[0]} << " " << int{w[1]} << " "
      << int{w[2]} << "\n"
      << "  sum (x - zx) w        = sum x w - zx sum w                          = " << plain << " - " << zx * sum_w << " = "
      << exact << "\n"
      << "  sum (x - zx) (w - zw) = sum x w - zx sum w - zw sum x + 3 zx zw     = " << plain << " - " << zx * sum_w << " - "
      << zw * sum_x << " + " << 3 * zx * zw << " = " << other << ", with zw = " << zw << "\n";
}

}  // namespace

void tell_weights(std::ostream& out, nlohmann::json& numbers) {
  const Tensor weight = folded_weight();
  const std::vector<float> largest = quant::largest_magnitudes(weight);
  const int64_t widest = std::max_element(largest.begin(), largest.end()) - largest.begin();
  const int64_t narrowest = std::min_element(largest.begin(), largest.end()) - largest.begin();
  std::vector<float> scales;
  for (const float m : largest) scales.push_back(scale_of(m));
  const Way one = in_codes(weight, {scales[static_cast<size_t>(widest)]}), each = in_codes(weight, scales);

  out << "layer " << kLayer << ", batch norm folded: " << weight.size(0) << " filters of " << weight.numel() / weight.size(0)
      << " weights, the largest " << number("%.4f", largest[static_cast<size_t>(widest)]) << "\n"
      << "one scale for all: " << number("%.4f", largest[static_cast<size_t>(widest)])
      << " / 127.5 = " << number("%.6f", one.scale[0]) << ", SQNR of the layer " << number("%.1f", sqnr_of(weight, one.rounded))
      << " dB\n";
  tell_filter(out, "widest", widest, weight, one);
  tell_filter(out, "narrowest", narrowest, weight, one);
  out << "one scale for each filter: SQNR of the layer " << number("%.1f", sqnr_of(weight, each.rounded)) << " dB\n";
  tell_filter(out, "narrowest", narrowest, weight, each);
  tell_sums(out, each, widest);

  numbers["largest"] = largest;
  numbers["scale"] = one.scale[0];
  for (const auto& [name, way] : {std::pair{"per_tensor", &one}, {"per_channel", &each}}) {
    std::vector<double> filters;
    for (int64_t k = 0; k < weight.size(0); ++k) filters.push_back(sqnr_of(weight.slice(k, k + 1), way->rounded.slice(k, k + 1)));
    numbers[name] = filters;
  }
}

}  // namespace octet::apps
