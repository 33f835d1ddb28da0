// Rows are depths, the longest way from the input; nodes of one depth stand side by side.
#include "apps/report/network_drawing.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "apps/report/html.h"
#include "nn/graph/print.h"

namespace octet::apps {
namespace {

constexpr int kBox = 210, kGap = 14, kRow = 44, kHigh = 30;

struct Box {
  int depth = 0, lane = 0;
  int x() const { return lane * (kBox + kGap); }
  int y() const { return depth * kRow; }
};

using Boxes = std::unordered_map<const nn::Node*, Box>;

Boxes arranged(const nn::Graph& graph) {
  Boxes boxes;
  std::vector<int> taken;  // lanes by depth
  for (const nn::Node& node : graph.nodes()) {
    Box box;
    for (const nn::Node* input : node.inputs) box.depth = std::max(box.depth, boxes.at(input).depth + 1);
    const auto depth = static_cast<size_t>(box.depth);
    if (taken.size() <= depth) taken.resize(depth + 1, 0);
    box.lane = taken[depth]++;
    boxes[&node] = box;
  }
  return boxes;
}

/// From the middle of a box's lower edge to the middle of the next one's upper edge.
std::string edge(const Box& from, const Box& to) {
  const int x1 = from.x() + kBox / 2, y1 = from.y() + kHigh, x2 = to.x() + kBox / 2, y2 = to.y();
  const int bend = to.depth - from.depth > 1 ? 3 * kBox / 4 : 0;  // around the boxes between
  return str("<path class=\"edge\" d=\"M", x1, " ", y1, " C", x1 + bend, " ", y1 + 14, " ", x2 + bend, " ", y2 - 14, " ", x2, " ",
             y2, "\"/>");
}

std::string shortened(const std::string& text, size_t most) {
  return text.size() <= most ? html(text) : "…" + html(text.substr(text.size() - most + 1));
}

}  // namespace

std::string loss_class(double sqnr) {
  const double steps[] = {40, 30, 20, 15, 10};
  int i = 0;
  while (i < 5 && !(sqnr >= steps[i])) ++i;
  return str("loss", i);
}

std::string draw_network(const nn::Graph& graph, const std::map<std::string, double>& cumulative) {
  const Boxes boxes = arranged(graph);
  int width = 0, height = 0;
  for (const auto& [node, box] : boxes) width = std::max(width, box.x() + kBox), height = std::max(height, box.y() + kHigh);
  std::string svg = str("<svg class=\"network\" width=\"", width, "\" height=\"", height, "\" viewBox=\"0 0 ", width, " ", height,
                        "\" role=\"group\" aria-label=\"The network, ", graph.nodes().size(), " nodes from top to bottom\">");
  for (const nn::Node& node : graph.nodes())
    for (const nn::Node* input : node.inputs) svg += edge(boxes.at(input), boxes.at(&node));
  for (const nn::Node& node : graph.nodes()) {
    const Box& box = boxes.at(&node);
    const auto loss = cumulative.find(node.name);
    const bool has_section = loss != cumulative.end();
    const std::string text = has_section ? decibels(loss->second) : "";
    if (has_section) svg += "<a href=\"#node-" + anchor(node.name) + "\">";
    svg += str("<g><rect class=\"", has_section ? loss_class(loss->second) : "float", "\" x=\"", box.x(), "\" y=\"", box.y(),
               "\" width=\"", kBox, "\" height=\"", kHigh, "\" rx=\"5\"/><text x=\"", box.x() + 8, "\" y=\"", box.y() + 13, "\">",
               shortened(node.name, 24), "</text><text class=\"small\" x=\"", box.x() + 8, "\" y=\"", box.y() + 25, "\">",
               html(nn::type_name(node)), " ", text, "</text></g>");
    if (has_section) svg += "</a>";
  }
  return svg + "</svg>";
}

}  // namespace octet::apps
