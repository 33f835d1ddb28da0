#include "apps/common/show.h"

#include <iomanip>
#include <iostream>

#include "apps/common/cli.h"
#include "loaders/files/bytes.h"
#include "nn/graph/ops/conv2d.h"
#include "nn/graph/ops/linear.h"
#include "nn/graph/output_qparams.h"
#include "nn/graph/print.h"

namespace octet::apps {
namespace {

std::string joined(const std::vector<int>& values) {
  std::string text;
  for (int v : values) text += str(text.empty() ? "" : " ", v);
  return text;
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

void show_float_layers(const nn::Graph& graph) {
  const std::vector<FloatLayer> layers = float_layers(graph);
  if (layers.empty()) return;
  std::cout << "kept in float:";
  const char* separator = " ";
  for (const auto& [name, type, reason] : layers) {
    std::cout << separator << printable(name) << " (" << type << ", " << reason << ")";
    separator = ", ";
  }
  std::cout << "\n";
}

namespace {

/// A row of a weight: the last dimension at the beginning of all others.
void show_weight_row(const Tensor& weight, float scale) {
  constexpr int64_t kMost = 16;
  std::string place;
  for (int64_t d = 0; d + 1 < weight.dim(); ++d) place += d ? ", 0" : "0";
  const int64_t row = std::min(weight.size(-1), kMost);
  const int8_t* codes = weight.data<int8_t>();
  std::cout << "weight[" << place << "] dequantized:" << std::fixed << std::setprecision(4);
  for (int64_t i = 0; i < row; ++i) std::cout << " " << static_cast<float>(codes[i]) * scale;
  std::cout << std::defaultfloat << "\nweight[" << place << "] int8:       ";
  for (int64_t i = 0; i < row; ++i) std::cout << " " << int{codes[i]};
  std::cout << "\n";
}

/// Null for other ops.
const ops::int8::QuantizedLayer* layer_of(const nn::Op& op) {
  if (const auto* conv = nn::get_if<nn::op::QuantizedConv2d>(op)) return &conv->layer->params();
  if (const auto* linear = nn::get_if<nn::op::QuantizedLinear>(op)) return &linear->layer->params();
  return nullptr;
}

}  // namespace

void show_first_layer(const nn::Graph& graph) {
  for (const nn::Node& node : graph.nodes()) {
    const ops::int8::QuantizedLayer* p = layer_of(node.op);
    if (p == nullptr) continue;
    std::cout << "layer " << printable(node.target) << ": " << nn::describe(node) << "\n"
              << "weight: " << p->weight.dtype() << " " << p->weight.shape() << ", scale=" << nn::python_float(p->weight_scale[0])
              << (p->weight_scale.size() > 1 ? str(" (first of ", p->weight_scale.size(), " channels)") : "")
              << ", zero_point=0\n"
              << "output: scale=" << nn::python_float(p->output.scale) << ", zero_point=" << p->output.zero_point << "\n";
    return show_weight_row(p->weight, p->weight_scale[0]);
  }
}

void show_codes(const quant::HandCheck& check) {
  std::cout << "first layer, input codes:  " << joined(check.input) << "\n"
            << "first layer, output codes: " << joined(check.by_layer) << "\n";
}

void show_hand_check(const quant::HandCheck& check) {
  const char* bias = ops::int8::has_int32_bias(check.rule) ? "int32" : "float";
  std::cout << "im2col, integer matrix product, " << bias << " bias, requantize: " << check.equal << " of " << check.total
            << " outputs equal the int8 layer's\n"
            << "output codes by hand:      " << joined(check.by_hand) << "\n"
            << "output codes by the layer: " << joined(check.by_layer) << "\n";
}

void show_accuracy(const Evaluation& e, const std::string& where) {
  std::cout << std::fixed << std::setprecision(2) << "top-1 " << 100 * e.accuracy() << " % (" << e.scores[0].right << " of "
            << e.images << " images of " << where << "), loss " << std::setprecision(4) << e.loss << ", " << std::setprecision(2)
            << 1e3 * e.scores[0].seconds / static_cast<double>(e.images) << " ms per image\n";
  show_skipped(e.skipped);
}

std::string reason_of(const loaders::Skipped& image) {
  const std::string& text = image.reason;
  return text.starts_with(image.name) ? loaders::printable(image.name) + text.substr(image.name.size()) : text;
}

void show_skipped(const std::vector<loaders::Skipped>& skipped) {
  if (!skipped.empty()) std::cout << "unreadable images, left out: " << skipped.size() << "\n";
  for (const loaders::Skipped& image : skipped)
    std::cerr << "skipped " << loaders::printable(image.name) << ": " << one_line(reason_of(image)) << "\n";
}

void show_comparison(const std::vector<quant::NodeComparison>& rows, bool all) {
  quant::CodeDifference local, overall;
  double expected = 0;
  if (all) std::cout << "                              node   differ alone   expected   mean   largest   differ in all\n";
  std::cout << std::fixed;
  for (const auto& r : rows) {
    for (auto [total, part] : {std::pair(&local, &r.local), std::pair(&overall, &r.overall)}) {
      total->codes += part->codes;
      total->differing += part->differing;
      total->largest = std::max(total->largest, part->largest);
      total->sum += part->sum;
    }
    expected += r.expected * static_cast<double>(r.local.codes);
    if (all)
      std::cout << std::setw(34) << r.name << std::setprecision(4) << std::setw(13) << 100 * r.local.share() << " %"
                << std::setw(9) << 100 * r.expected << " %" << std::setprecision(5) << std::setw(9) << r.local.mean()
                << std::setw(6) << r.local.largest << std::setprecision(2) << std::setw(14) << 100 * r.overall.share() << " %\n";
  }
  std::cout << std::setprecision(3) << "fake-quant against int8, " << rows.size() << " nodes: fed the same codes, "
            << 100 * local.share() << " % of " << local.codes << " codes differ, by at most " << local.largest
            << " (rounding of biases explains " << 100 * expected / static_cast<double>(std::max<int64_t>(1, local.codes))
            << " %); running by itself, " << 100 * overall.share() << " %\n"
            << std::defaultfloat;
  for (const auto& r : rows)
    if (r.suspicious()) std::cout << "SUSPICIOUS: " << r.name << " differs by more than rounding explains\n";
}

void show_result_differences(const std::vector<ResultDifference>& results) {
  for (const ResultDifference& r : results)
    std::cout << "int8 against float, " << loaders::printable(r.name) << " " << r.shape << std::fixed << std::setprecision(1)
              << ": SQNR " << r.sqnr << " dB, largest difference " << std::setprecision(2) << 100 * r.largest
              << " % of the largest value\n"
              << std::defaultfloat;
}

void show_evaluation(const Evaluation& e, const Sizes& sizes, double total_seconds) {
  const auto row = [&](const char* name, const Score& score, size_t bytes) {
    std::cout << name << std::setw(8) << 100 * e.share(score.right) << " %" << std::setw(12) << bytes << " bytes" << std::setw(10)
              << 1e3 * score.seconds / static_cast<double>(e.images) << " ms" << std::setw(12) << 100 * e.share(score.agree)
              << " %\n";
  };
  std::cout << std::fixed << std::setprecision(2) << "              top-1              size   per image   as float\n";
  row("float     ", e.scores.front(), sizes.float_bytes);
  if (e.scores.size() > 2) row("fake-quant", e.scores[1], sizes.float_bytes);
  row("int8      ", e.scores.back(), sizes.int8_bytes);
  std::cout << e.images << " images, peak memory " << peak_memory() / 1000000 << " MB, total time " << std::setprecision(1)
            << total_seconds << " s\n"
            << std::defaultfloat;
  show_skipped(e.skipped);
}

}  // namespace octet::apps
