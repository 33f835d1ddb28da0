// The table first, then each value with the ranges that the observers give it.
#include "apps/report/observers_page.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/common/output_paths.h"
#include "apps/report/charts.h"
#include "apps/report/elements.h"
#include "apps/report/html.h"
#include "tensor/error.h"

namespace octet::apps {
namespace {

/// Four digits: the JSON has them all.
std::string rounded(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", static_cast<double>(value));
  return text;
}

std::string top1(const std::optional<double>& share) { return share ? percent(*share) : "-"; }

std::string value_section(const ObservedValue& value) {
  ObserverRanges chart{value.name, value.counts, value.min, value.max, {}};
  Table table{"observer", "from", "to", "step", "clipped"};
  for (const ObservedValue::Choice& c : value.choices) {
    chart.choices.push_back({c.observer, c.low, c.high});
    table.row({html(c.observer), rounded(c.low), rounded(c.high), rounded((c.high - c.low) / 256), percent(c.clipped, 4)});
  }
  return "<section class=\"node\" id=\"value-" + anchor(value.name) + "\"><h3>" + html(value.name) + "</h3>\n" +
         "<div class=\"beside\">" +
         figure(draw(chart), "What was seen, counts on a logarithmic axis, and below it the range of each observer's codes.") +
         table.closed() + "</div></section>\n";
}

}  // namespace

std::string observers_html(const ObserversPage& page) {
  std::string text =
      str("<p>octet ", OCTET_VERSION, ", backend ", html(page.backend), ", calibrated on ", page.calibrated, " images of ",
          html(page.calibrated_on), ", evaluated on ", page.evaluated, ". Float top-1: ", top1(page.float_top1), ".</p>\n") +
      heading("observers", "Every observer, per tensor and per channel");
  Table table{"activations", "weights", "scales of a weight", "top-1", "SQNR of the logits", "activations clipped"};
  for (const ObserverRow& r : page.rows)
    table.row({html(r.activations), html(r.weights), r.per_channel ? "per channel" : "one", top1(r.top1), decibels(r.sqnr),
               percent(r.clipped, 4)});
  text += table.closed() +
          "<p>SQNR = 10 log10(sum of float^2 / sum of (int8 - float)^2). Clipped: values beyond the smallest and the largest "
          "code.</p>\n" +
          heading("values", "Value by value");
  for (const ObservedValue& value : page.values) text += value_section(value);
  return page_around(kObserversBegin, "Observers on " + page.source, text);
}

nlohmann::json observers_json(const ObserversPage& page) {
  const auto or_null = [](const std::optional<double>& v) {
    return v && std::isfinite(*v) ? nlohmann::json(*v) : nlohmann::json();
  };
  nlohmann::json rows = nlohmann::json::array(), values = nlohmann::json::array();
  for (const ObserverRow& r : page.rows)
    rows.push_back({{"activations", r.activations},
                    {"weights", r.weights},
                    {"per_channel", r.per_channel},
                    {"top1", or_null(r.top1)},
                    {"sqnr", or_null(r.sqnr)},
                    {"clipped", r.clipped}});
  for (const ObservedValue& v : page.values) {
    nlohmann::json choices = nlohmann::json::array();
    for (const auto& c : v.choices)
      choices.push_back({{"observer", c.observer}, {"low", c.low}, {"high", c.high}, {"clipped", c.clipped}});
    values.push_back({{"name", v.name}, {"min", v.min}, {"max", v.max}, {"histogram", v.counts}, {"choices", choices}});
  }
  return {{"octet", OCTET_VERSION},
          {"observers_of", page.source},
          {"backend", page.backend},
          {"calibration", {{"data", page.calibrated_on}, {"images", page.calibrated}}},
          {"evaluated", page.evaluated},
          {"float_top1", or_null(page.float_top1)},
          {"rows", rows},
          {"values", values}};
}

}  // namespace octet::apps
