// A section for each node: its losses, what its observer saw, its weights, and for some its activations as pictures.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "apps/report/elements.h"
#include "apps/report/html.h"
#include "apps/report/network_drawing.h"
#include "apps/report/page.h"
#include "apps/report/pictures.h"
#include "nn/graph/int8_layer.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/text.h"
#include "nn/graph/output_qparams.h"
#include "quant/observers/histogram_collector.h"

namespace octet::apps {
namespace {

std::string pair(const std::string& name, const std::string& value) {
  return "<div><dt>" + html(name) + "</dt><dd>" + html(value) + "</dd></div>";
}

std::string number(float value) { return nn::shortest(value); }

std::string numbers(const quant::NodeError& e, const nn::Node& node) {
  const ops::int8::QParams q = nn::output_qparams(node).value();
  const auto worst = std::ranges::max_element(e.largest_error);
  std::string text = "<dl>" + pair("local SQNR, cosine", decibels(e.local.sqnr) + ", " + fixed(e.local.cosine, 5)) +
                     pair("cumulative SQNR, cosine", decibels(e.cumulative.sqnr) + ", " + fixed(e.cumulative.cosine, 5)) +
                     pair("fake-quant, cumulative", decibels(e.fake_quant.sqnr)) + pair("scale", number(q.scale)) +
                     pair("zero point", std::to_string(q.zero_point)) + pair("codes used of 256", std::to_string(e.codes_used)) +
                     pair("clipped below, above", percent(e.clipped_low, 3) + ", " + percent(e.clipped_high, 3));
  if (e.weight_sqnr) text += pair("SQNR of the weights alone", decibels(*e.weight_sqnr));
  if (worst != e.largest_error.end())
    text += pair("largest error", number(*worst) + " in channel " + std::to_string(worst - e.largest_error.begin()));
  return text + "</dl>\n";
}

std::string histogram(const quant::NodeError& e, const nn::Node& node, const Page& page) {
  const auto* observer = dynamic_cast<const quant::HistogramCollector*>(observer_named(page.report, e.observer));
  if (!observer) return "";
  const ops::int8::QParams q = nn::output_qparams(node).value();
  const float low = static_cast<float>(-q.zero_point) * q.scale, high = static_cast<float>(255 - q.zero_point) * q.scale;
  const quant::Histogram counts = observer->histogram();
  double all = 0, cut = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double middle = observer->min() + observer->bin_width() * (static_cast<double>(i) + 0.5);
    all += static_cast<double>(counts[i]);
    if (middle < low || middle > high) cut += static_cast<double>(counts[i]);
  }
  return figure(draw(HistogramChart{e.name, counts, observer->min(), observer->max(), low, high}),
                "What " + html(e.observer) + " saw, counts on a logarithmic axis. Lines: the range of the codes, " +
                    html(number(low)) + " to " + html(number(high)) + "; " + percent(all > 0 ? cut / all : 0, 4) +
                    " lie outside.");
}

/// Of a layer's float weight: the largest magnitude of each output channel.
std::string weights(const nn::Node& node, const nn::Node& partner) {
  const ops::int8::QuantizedLayer* layer = nn::int8_layer(node.op);
  const Tensor weight = partner.parameter("weight");
  if (!layer || !weight.defined() || weight.shape() != layer->weight.shape() || nn::is<nn::op::QuantizedConvTranspose2d>(node.op))
    return "";
  const ChannelRanges ranges{node.name, quant::largest_magnitudes(weight)};
  const float most = *std::ranges::max_element(ranges.largest);
  const auto wasted = std::ranges::count_if(ranges.largest, [&](float v) { return v < most / 4; });
  const auto least = std::ranges::min_element(ranges.largest);
  const std::string form = layer->weight_scale.size() == 1 ? "one scale for all channels" : "a scale for each channel";
  return figure(draw(ranges), "Largest weight of each output channel (" + form + "). " + std::to_string(wasted) + " of " +
                                  std::to_string(ranges.largest.size()) +
                                  " would use less than a quarter of the codes of one scale; channel " +
                                  std::to_string(least - ranges.largest.begin()) + " the least, " + html(number(*least)) +
                                  " of " + html(number(most)) + ".");
}

/// The codes of its weights.
std::string weight_codes(const nn::Node& node) {
  const ops::int8::QuantizedLayer* layer = nn::int8_layer(node.op);
  if (!layer) return "";
  WeightCodes chart{node.name, quant::Histogram(256)};
  const int8_t* codes = layer->weight.data<int8_t>();
  for (int64_t i = 0; i < layer->weight.numel(); ++i) ++chart.counts[static_cast<size_t>(codes[i] + 128)];
  const auto used = std::ranges::count_if(chart.counts, [](float n) { return n > 0; });
  const float zeros = chart.counts[128] / static_cast<float>(layer->weight.numel());
  return figure(draw(chart), str("The weights on their grid, counts on a logarithmic axis: ", used, " of 256 codes occur, ") +
                                 percent(static_cast<double>(zeros), 1) + " are 0.");
}

std::string growth(const quant::NodeError& e, const Page& page) {
  const auto it = std::ranges::find(page.growth, e.observer, &RangeGrowth::observer);
  if (it == page.growth.end() || it->points.size() < 2) return "";
  return figure(draw(*it), str("The range by number of images; within 1 % of the last one after ", it->enough(0.01), "."));
}

/// A first layer's filters, as floats and as codes.
std::string filters(const nn::Node& node, const nn::Node& partner) {
  const auto* conv = nn::get_if<nn::op::QuantizedConv2d>(node.op);
  const Tensor weight = partner.parameter("weight");
  if (!conv || !weight.defined() || weight.dim() != 4 || (weight.size(1) != 3 && weight.size(1) != 1) || weight.size(2) < 3 ||
      conv->layer->params().options.groups != 1)
    return "";
  const Tensor stands_for = quant::dequantized_weight(conv->layer->params());
  constexpr int64_t kMost = 64;
  return figure(draw_filters(weight, kMost, "filters of " + node.name + ", float"), "Filters, float; grey is 0") +
         figure(draw_filters(stands_for, kMost, "filters of " + node.name + ", what their codes stand for"),
                "The same, what their codes stand for");
}

/// The channels that vary most, float, int8 and the difference.
std::string activations(const quant::NodeError& e, const Page& page) {
  const Tensor& x = e.float_value;
  if (x.dim() != 4 || x.size(2) < 2 || x.size(3) < 2) return "";
  constexpr int64_t kChannels = 4, kMostPixels = 128 * 128;
  if (x.size(2) * x.size(3) > kMostPixels) return "";
  const int64_t pixels = x.size(2) * x.size(3);
  std::vector<double> variance;
  for (int64_t c = 0; c < x.size(1); ++c) {
    double sum = 0, squares = 0;
    for (int64_t i = c * pixels; i < (c + 1) * pixels; ++i) {
      const double v = static_cast<double>(x.data<float>()[i]);
      sum += v, squares += v * v;
    }
    variance.push_back(squares / static_cast<double>(pixels) - std::pow(sum / static_cast<double>(pixels), 2));
  }
  std::vector<int64_t> order(static_cast<size_t>(x.size(1)));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](int64_t c) { return variance[static_cast<size_t>(c)]; });
  order.resize(std::min<size_t>(order.size(), kChannels));
  const auto [low, high] = std::minmax_element(x.data<float>(), x.data<float>() + x.size(1) * pixels);
  std::array<std::string, 3> rows;
  for (const int64_t c : order) {
    const std::string where = str(" of ", e.name, ", channel ", c);
    rows[0] += draw_channel(x, c, *low, *high, "float" + where);
    rows[1] += draw_channel(e.int8_value, c, *low, *high, "int8" + where);
    rows[2] += draw_difference(x, e.int8_value, c, e.largest_error[static_cast<size_t>(c)], "difference" + where);
  }
  return figure("<div class=\"maps\">" + rows[0] + rows[1] + rows[2] + "</div>",
                "Channels that vary most, for " + html(page.image) +
                    ": float, int8, and where they differ (red: int8 is larger, blue: smaller; full colour at the largest error "
                    "of the channel)");
}

}  // namespace

std::string node_sections(const Page& page) {
  std::unordered_map<std::string, const nn::Node*> by_name, partners;
  for (const nn::Node& node : page.report.int8_graph.nodes()) by_name[node.name] = &node;
  for (const nn::Node& node : page.prepared.nodes()) partners[node.name] = &node;
  std::string text = "<h2 id=\"nodes\">Node by node</h2>\n";
  for (const quant::NodeError& e : page.report.errors) {
    const nn::Node& node = *by_name.at(e.name);
    const nn::Node& partner = *partners.at(e.partner);
    text += "<section class=\"node\" id=\"node-" + anchor(e.name) + "\"><h3><span class=\"key " + loss_class(e.cumulative.sqnr) +
            "\">" + decibels(e.cumulative.sqnr) + "</span> " + html(e.name) + " <span class=\"quiet\">" + html(e.type) +
            ", beside float's " + html(e.partner) + "</span></h3>\n" + numbers(e, node) + "<div class=\"charts\">" +
            histogram(e, node, page) + growth(e, page) + weights(node, partner) + weight_codes(node) + filters(node, partner) +
            activations(e, page) + "</div></section>\n";
  }
  return text;
}

}  // namespace octet::apps
