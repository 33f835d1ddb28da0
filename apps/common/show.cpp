#include "apps/common/show.h"

#include <iomanip>
#include <iostream>

#include "apps/common/cli.h"
#include "nn/print.h"
#include "ops/int8/requantize.h"

namespace octet::apps {
namespace {

using nlohmann::json;

std::string joined(const std::vector<int>& values) {
  std::string text;
  for (int v : values) text += str(text.empty() ? "" : " ", v);
  return text;
}

/// scale and zero point of a quantized node's output, for those that have their own.
struct OutputQParams {
  std::optional<ops::int8::QParams> operator()(const nn::op::QuantizedConv2d& o) const { return o.layer->params().output; }
  std::optional<ops::int8::QParams> operator()(const nn::op::QuantizedLinear& o) const { return o.layer->params().output; }
  std::optional<ops::int8::QParams> operator()(const nn::op::QuantizedAdd& o) const { return o.params.output; }
  std::optional<ops::int8::QParams> operator()(const nn::op::Quantize& o) const { return o.output; }
  std::optional<ops::int8::QParams> operator()(const nn::op::QuantizedCat& o) const { return o.output; }
  std::optional<ops::int8::QParams> operator()(const nn::op::QuantizedAdaptiveAvgPool2d& o) const { return o.qparams; }
  std::optional<ops::int8::QParams> operator()(const auto&) const { return {}; }
};

const std::vector<float>* weight_scale_of(const nn::Op& op) {
  if (const auto* conv = std::get_if<nn::op::QuantizedConv2d>(&op)) return &conv->layer->params().weight_scale;
  if (const auto* linear = std::get_if<nn::op::QuantizedLinear>(&op)) return &linear->layer->params().weight_scale;
  return nullptr;
}

json observers_json(const std::vector<quant::ObserverInfo>& observers) {
  json list = json::array();
  for (const auto& [name, observes, observer] : observers) {
    const auto q = observer->calculate_qparams();
    list.push_back({{"name", name},
                    {"observes", observes},
                    {"kind", observer->kind()},
                    {"min", observer->min()},
                    {"max", observer->max()},
                    {"scale", q.scale},
                    {"zero_point", q.zero_point}});
  }
  return list;
}

json layers_json(const nn::Graph& graph) {
  json list = json::array();
  for (const nn::Node& node : graph.nodes()) {
    const auto q = std::visit(OutputQParams{}, node.op);
    if (!q) continue;
    json layer = {{"name", node.name}, {"type", nn::type_name(node)}, {"scale", q->scale}, {"zero_point", q->zero_point}};
    if (const auto* scale = weight_scale_of(node.op)) layer["weight_scale"] = *scale;
    list.push_back(std::move(layer));
  }
  return list;
}

}  // namespace

void show_stage(int number, const std::string& title) { std::cout << "\n== " << number << ". " << title << "\n"; }

void show_observers(const std::vector<quant::ObserverInfo>& observers, size_t count) {
  for (size_t i = 0; i < std::min(count, observers.size()); ++i) {
    const auto& [name, observes, observer] = observers[i];
    const auto q = observer->calculate_qparams();
    std::cout << name << " (" << observes << "): " << observer->kind() << "(min=" << nn::python_float(observer->min())
              << ", max=" << nn::python_float(observer->max()) << "), scale=" << nn::python_float(q.scale)
              << ", zero_point=" << q.zero_point << "\n";
  }
  if (count < observers.size()) std::cout << "... and " << observers.size() - count << " more (--verbose shows all)\n";
}

void show_first_layer(const nn::Graph& graph) {
  for (const nn::Node& node : graph.nodes()) {
    const auto* conv = std::get_if<nn::op::QuantizedConv2d>(&node.op);
    if (conv == nullptr) continue;
    const auto& p = conv->layer->params();
    const int64_t row = p.weight.size(3);
    std::cout << "layer " << node.target << ": " << nn::describe(node) << "\n"
              << "weight: " << p.weight.dtype() << " " << p.weight.shape() << ", scale=" << nn::python_float(p.weight_scale[0])
              << (p.weight_scale.size() > 1 ? str(" (first of ", p.weight_scale.size(), " channels)") : "") << ", zero_point=0\n"
              << "output: scale=" << nn::python_float(p.output.scale) << ", zero_point=" << p.output.zero_point << "\n"
              << "weight[0, 0, 0] dequantized:";
    std::cout << std::fixed << std::setprecision(4);
    for (int64_t i = 0; i < row; ++i) std::cout << " " << static_cast<float>(p.weight.data<int8_t>()[i]) * p.weight_scale[0];
    std::cout << std::defaultfloat << "\nweight[0, 0, 0] int8:       ";
    for (int64_t i = 0; i < row; ++i) std::cout << " " << int{p.weight.data<int8_t>()[i]};
    std::cout << "\n";
    return;
  }
}

void show_codes(const quant::HandCheck& check) {
  std::cout << "first layer, input codes:  " << joined(check.input) << "\n"
            << "first layer, output codes: " << joined(check.by_layer) << "\n";
}

void show_accuracy(const Evaluation& e, const std::string& where) {
  std::cout << std::fixed << std::setprecision(2) << "top-1 " << 100 * e.accuracy(e.first) << " % (" << e.first.right << " of "
            << e.images << " images of " << where << "), loss " << std::setprecision(4) << e.loss << ", " << std::setprecision(2)
            << 1e3 * e.first.seconds / static_cast<double>(e.images) << " ms per image\n";
  show_skipped(e.skipped);
}

void show_skipped(const std::vector<loaders::Skipped>& skipped) {
  if (!skipped.empty()) std::cout << "unreadable images, left out: " << skipped.size() << "\n";
  for (const auto& [name, reason] : skipped) std::cerr << "skipped " << name << ": " << reason << "\n";
}

void show_evaluation(const Evaluation& e, const Sizes& sizes, double total_seconds) {
  const auto images = static_cast<double>(e.images);
  const auto row = [&](const char* name, const Score& score, size_t bytes) {
    std::cout << name << std::setw(8) << 100 * e.accuracy(score) << " %" << std::setw(12) << bytes << " bytes" << std::setw(10)
              << 1e3 * score.seconds / images << " ms\n";
  };
  std::cout << std::fixed << std::setprecision(2) << "          top-1              size   per image\n";
  row("float ", e.first, sizes.float_bytes);
  row("int8  ", e.second, sizes.int8_bytes);
  std::cout << "the same answer on " << 100.0 * static_cast<double>(e.agree) / images << " % of " << e.images << " images\n"
            << "peak memory " << peak_memory() / 1000000 << " MB, total time " << std::setprecision(1) << total_seconds << " s\n"
            << std::defaultfloat;
  show_skipped(e.skipped);
}

json report_json(const quant::QConfigMapping& qconfig, const std::vector<quant::ObserverInfo>& observers, const nn::Graph& int8_graph,
                 const quant::HandCheck& check, const Evaluation& e, const Sizes& sizes) {
  return {{"backend", qconfig.backend()},
          {"engine", name_of(qconfig.engine())},
          {"observers", observers_json(observers)},
          {"layers", layers_json(int8_graph)},
          {"hand_check", {{"equal", check.equal}, {"total", check.total}}},
          {"accuracy",
           {{"float", e.accuracy(e.first)},
            {"fake_quant", nullptr},
            {"int8", e.accuracy(e.second)},
            {"agreement", static_cast<double>(e.agree) / static_cast<double>(e.images)},
            {"images", e.images},
            {"skipped", e.skipped.size()}}},
          {"bytes", {{"float", sizes.float_bytes}, {"int8", sizes.int8_bytes}, {"peak_memory", peak_memory()}}}};
}

}  // namespace octet::apps
