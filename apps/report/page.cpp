// The page from top to bottom: the answer, what lost most, the network, classes, calibration, times, one output by hand, every node.
#include "apps/report/page.h"

#include <algorithm>
#include <cmath>

#include "apps/common/classes.h"
#include "apps/common/output_paths.h"
#include "apps/report/elements.h"
#include "apps/report/html.h"
#include "apps/report/network_drawing.h"
#include "nn/graph/ops/text.h"

namespace octet::apps {
namespace {

std::string link_to(const std::string& node) { return "<a href=\"#node-" + anchor(node) + "\">" + html(node) + "</a>"; }

std::string tile(const std::string& name, const std::string& value, const std::string& more = "") {
  return "<div>" + html(name) + "<b>" + html(value) + "</b>" + html(more) + "</div>\n";
}

std::string megabytes(size_t bytes) { return fixed(static_cast<double>(bytes) / 1e6, 2) + " MB"; }

std::string answer(const Page& page) {
  const Report& r = page.report;
  std::string text = "<div class=\"answer\">\n";
  if (const auto& e = r.evaluation) {
    const size_t last = e->scores.size() - 1;
    text += tile("float", percent(e->accuracy()), "top-1 of " + std::to_string(e->images) + " images");
    if (last > 1) text += tile("fake-quant", percent(e->accuracy(1)));
    text += tile("int8", percent(e->accuracy(last)));
    text += tile("same answer", percent(e->share(e->scores[last].agree)), "int8 and float");
    const double n = static_cast<double>(std::max<int64_t>(1, e->images));
    text += tile("time of an image", fixed(1000 * e->scores[last].seconds / n, 2) + " ms",
                 "float " + fixed(1000 * e->scores[0].seconds / n, 2) + " ms");
  }
  text += tile("size", megabytes(r.sizes.int8_bytes), "float " + megabytes(r.sizes.float_bytes));
  text += "</div>\n";
  if (!r.evaluation) text += "<p>Not evaluated: " + html(r.evaluated_on.none_because) + "</p>\n";
  for (const ResultDifference& d : r.results)
    text += "<p>Result " + html(d.name) + ": int8 is " + decibels(d.sqnr) + " from float.</p>\n";
  return text;
}

std::string kept_float(const Page& page) {
  const auto layers = float_layers(page.report.int8_graph);
  if (layers.empty()) return "<p>Every call computes with codes.</p>\n";
  Table table{"kept in float", "type", "why"};
  for (const FloatLayer& l : layers) table.row({html(l.name), html(l.type), html(l.reason)});
  return table.closed();
}

std::vector<const quant::NodeError*> worst(const Page& page, size_t count) {
  std::vector<const quant::NodeError*> nodes;
  for (const quant::NodeError& e : page.report.errors) nodes.push_back(&e);
  std::ranges::stable_sort(nodes, {}, [](const quant::NodeError* e) { return e->local.sqnr; });
  nodes.resize(std::min(nodes.size(), count));
  return nodes;
}

std::string losses(const Page& page) {
  std::string text = heading("worst", "The nodes that lose most by themselves");
  Table table{"node", "type", "local SQNR", "cumulative SQNR", "codes used", "clipped"};
  for (const quant::NodeError* e : worst(page, 5))
    table.row({link_to(e->name), html(e->type), decibels(e->local.sqnr), decibels(e->cumulative.sqnr),
               std::to_string(e->codes_used), percent(e->clipped_low + e->clipped_high, 3)});
  return text + table.closed() +
         "<p>SQNR = 20 log10(|x| / |x - y|), x the float value. Local: the node is fed float's values. Cumulative: the int8 "
         "network runs.</p>\n";
}

std::string network(const Page& page) {
  std::map<std::string, double> cumulative;
  for (const quant::NodeError& e : page.report.errors) cumulative[e.name] = e.cumulative.sqnr;
  std::string text = heading("network", "The network, coloured by what is lost up to each node");
  const char* keys[] = {"40 dB and more", "30 to 40", "20 to 30", "15 to 20", "10 to 15", "below 10 dB"};
  text += "<p>";
  for (size_t i = 0; i < std::size(keys); ++i) text += str("<span class=\"key loss", i, "\">", keys[i], "</span>");
  return text + "<span class=\"key float\">in float</span></p>\n<div class=\"drawing\" tabindex=\"0\">" +
         draw_network(page.report.int8_graph, cumulative) + "</div>\n";
}

std::string classes(const Page& page) {
  const auto& e = page.report.evaluation;
  if (!e) return "";
  const std::vector<std::string>& names = page.report.evaluated_on.images->classes();
  const std::vector<std::string>& outputs = page.report.card.classes;
  std::string text = heading("classes", "Accuracy of each class");
  Table table{"class", "images", "float", "int8", "int8 - float"};
  for (size_t c = 0; c < names.size(); ++c) {
    const auto n = static_cast<double>(std::max<int64_t>(1, e->images_of_class[c]));
    const double f = static_cast<double>(e->scores.front().right_of_class[c]) / n,
                 q = static_cast<double>(e->scores.back().right_of_class[c]) / n;
    table.row(
        {html(class_name(names, c)), std::to_string(e->images_of_class[c]), percent(f), percent(q), fixed(100 * (q - f), 2)});
  }
  text += table.closed() + heading("changed", "Images whose answer changed");
  if (e->changed.empty()) return text + "<p>None.</p>\n";
  Table changed{"image", "is", "float says", "int8 says"};
  constexpr size_t kMost = 100;
  for (size_t i = 0; i < std::min(kMost, e->changed.size()); ++i) {
    const ChangedAnswer& a = e->changed[i];
    changed.row({html(a.image), html(class_name(names, static_cast<size_t>(a.label))),
                 html(class_name(outputs, static_cast<size_t>(a.first))),
                 html(class_name(outputs, static_cast<size_t>(a.last)))});
  }
  text += changed.closed();
  if (e->changed.size() > kMost) text += "<p>" + std::to_string(e->changed.size() - kMost) + " more stand in report.json.</p>\n";
  return text;
}

std::string calibration(const Page& page) {
  if (page.growth.empty() || page.growth.front().points.size() < 2) return "";
  std::string text = heading("calibration", "How the ranges grew with the number of images");
  Table table{"observer", "images until within 1 % of the final range", "within 5 %"};
  int64_t enough = 0;
  for (const RangeGrowth& g : page.growth) {
    enough = std::max(enough, g.enough(0.05));
    table.row({html(g.observer), std::to_string(g.enough(0.01)), std::to_string(g.enough(0.05))});
  }
  text += str("<p>After ", enough, " images every range was within 5 % of what all ", page.growth.front().points.back().images,
              " gave. Ranges are those that were seen; the codes may cover less.</p>\n");
  return text + table.closed();
}

std::string times(const Page& page) {
  if (page.times.empty()) return "";
  std::string text = heading("time", "Time of each layer, one image");
  Table table{"layer", "int8 by", "ms", "share of peak", "float by", "ms", "share of peak", "float / int8"};
  for (const LayerTime& t : page.times)
    table.row({html(t.layer), html(t.algorithm), fixed(t.ms, 4), percent(t.share, 0), html(t.float_algorithm),
               fixed(t.float_ms, 4), percent(t.float_share, 0), t.ms > 0 && t.float_ms > 0 ? fixed(t.float_ms / t.ms, 2) : ""});
  return text + table.closed();
}

std::string by_hand(const Page& page) {
  std::string text = heading("by-hand", "The first layer by hand");
  if (page.report.check)
    text += str("<p>", page.report.check->equal, " of ", page.report.check->total,
                " outputs of the first layer, computed with im2col and an integer matrix product, are the layer's.</p>\n");
  if (page.by_hand.empty()) return page.report.check ? text : "";
  text += "<p>One of them, with its numbers:</p>\n<pre tabindex=\"0\">";
  for (const std::string& line : page.by_hand) text += html(line) + "\n";
  return text + "</pre>\n";
}

}  // namespace

const quant::Observer* observer_named(const Report& report, const std::string& name) {
  for (const quant::ObserverInfo& info : report.observers)
    if (info.name == name) return info.observer.get();
  return nullptr;
}

std::string page_html(const Page& page) {
  const Report& r = page.report;
  std::string text = "<p>octet " OCTET_VERSION ", backend " + html(r.qconfig.backend()) + ", arithmetic of " +
                     html(name_of(r.qconfig.engine())) + ", calibrated on " + std::to_string(r.calibration.images) +
                     " images of " + html(r.calibrated_on.source) + "; all of it took " + fixed(page.seconds, 1) + " s.</p>\n";
  text += answer(page) + kept_float(page) + losses(page) + network(page) + classes(page) + calibration(page) + times(page) +
          by_hand(page) + node_sections(page);
  return page_around(kPageBegins, "int8 of " + page.source, text);
}

}  // namespace octet::apps
