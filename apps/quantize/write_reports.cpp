// What only the reports need: how the ranges grew, one output by hand, and the two files.
#include "apps/quantize/write_reports.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "loaders/files/file.h"
#include "nn/graph/int8_layer.h"
#include "nn/graph/ops/text.h"
#include "quant/explain/explain.h"

namespace octet::apps {

void GrowthRecorder::operator()(int pass, int64_t images) {
  if (pass != 0) return;
  if (growth_.empty())
    for (const quant::ObserverInfo& info : observers_) growth_.push_back({info.name, {}});
  for (size_t i = 0; i < observers_.size(); ++i)
    growth_[i].points.push_back({images, observers_[i].observer->min(), observers_[i].observer->max()});
}

std::vector<std::string> first_layer_by_hand(const nn::Graph& int8, const nn::Batch& image) {
  const auto first = std::ranges::find_if(int8.nodes(), [](const nn::Node& node) { return nn::int8_layer(node.op) != nullptr; });
  if (first == int8.nodes().end()) return {};
  Shape shape;
  nn::run_all(int8, image, [&](const nn::Node& node, const Tensor& result) {
    if (&node == &*first) shape = channels_first(result.shape());
  });
  std::vector<int64_t> middle;
  for (size_t d = 1; d < shape.size(); ++d) middle.push_back(d == 1 ? 0 : shape[d] / 2);
  const quant::Explanation e = quant::explain(int8, image, *first, middle);
  std::vector<std::string> lines = {first->name + " at " + nn::list_text(middle) + " of " + str(e.shape) + ": " + e.type};
  constexpr size_t kMost = 220, kHead = 40, kTail = 20;
  for (size_t i = 0; i < e.lines.size(); ++i) {
    if (e.lines.size() > kMost && i == kHead) lines.push_back(str("... ", e.lines.size() - kHead - kTail, " more"));
    if (e.lines.size() <= kMost || i < kHead || i + kTail >= e.lines.size()) lines.push_back(e.lines[i]);
  }
  lines.push_back(str("the layer's own answer: ", quant::Shown{e.by_octet}));
  return lines;
}

void write_reports(const std::string& folder, const nlohmann::json& json, const Page& page) {
  const std::string html = page_html(page);
  loaders::write_atomically(folder + "/report.json", [&](loaders::Output& out) { out.write(json.dump(1) + "\n"); });
  loaders::write_atomically(folder + "/report.html", [&](loaders::Output& out) { out.write(html); });
}

}  // namespace octet::apps
