#include "apps/common/card_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "apps/common/classes.h"
#include "apps/common/cli.h"
#include "loaders/files/bytes.h"
#include "loaders/files/file.h"

namespace octet::apps {
namespace {

using loaders::ImageTransform;
using loaders::ModelCard;
using loaders::ResizeRule;

constexpr const char* kGroup = "Images and classes, instead of what the model says";
constexpr std::string_view kTorchvision = "torchvision:";

/// "0.5,0.5,0.5" -> numbers. CLI's own lists would also take the file names that come after them.
CLI::Option* add_numbers(CLI::App& app, const std::string& name, std::vector<float>& values, const std::string& text) {
  return app
      .add_option_function<std::string>(
          name,
          [&values, name](const std::string& list) {
            values.clear();
            for (const std::string& number : CLI::detail::split(list, ',')) {
              float value = 0;
              if (!CLI::detail::lexical_cast(number, value) || !std::isfinite(value))
                throw CLI::ValidationError(str(name, ": '", list, "': expected numbers with commas between them"));
              values.push_back(value);
            }
          },
          text)
      ->group(kGroup)
      ->type_name("NUMBERS");
}

CLI::Validator resize_rule() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        int side = 0;
        if (std::ranges::find(loaders::kResizeRules, text) != loaders::kResizeRules.end()) return "";
        if (text.starts_with(kTorchvision) && CLI::detail::lexical_cast(text.substr(kTorchvision.size()), side) && side > 0)
          return "";
        return str("'", text, "': expected fastai, squish, torchvision or torchvision:PX");
      },
      "RULE");
}

/// One number for all channels, or one for each.
std::vector<float> for_channels(const std::vector<float>& values, int64_t channels) {
  return values.size() == 1 && channels > 0 ? std::vector<float>(static_cast<size_t>(channels), values[0]) : values;
}

void overrule(ImageTransform& t, const CardOptions& o, int64_t channels) {
  if (o.size > 0) {
    if (t.resize_to > 0) t.resize_to = static_cast<int>(int64_t{t.resize_to} * o.size / t.size);  // in proportion
    t.size = o.size;
  }
  if (!o.resize.empty()) {
    const bool with_side = o.resize.starts_with(kTorchvision);
    const auto rule =
        std::ranges::find(loaders::kResizeRules, with_side ? "torchvision" : o.resize) - loaders::kResizeRules.begin();
    t.rule = static_cast<ResizeRule>(rule);
    t.resize_to = with_side ? std::stoi(o.resize.substr(kTorchvision.size())) : 0;
  }
  if (!o.mean.empty()) t.mean = for_channels(o.mean, channels);
  if (!o.deviation.empty()) t.deviation = for_channels(o.deviation, channels);
}

/// Each line is a name. A byte order mark, carriage returns and empty lines at the end are dropped.
std::vector<std::string> read_labels(const std::string& path) {
  const loaders::File file(path);
  std::string_view text = loaders::as_text(file.bytes());
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string> names;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    names.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  return names;
}

std::string numbers(const std::vector<float>& values) {
  std::string text;
  for (float x : values) text += str(" ", x);
  return text;
}

/// "10 classes: tench, English springer, cassette player, ...".
std::string classes_of(const ModelCard& card, const Model& model) {
  constexpr size_t kShown = 3;
  std::string text = str(model.classes, model.classes == 1 ? " class" : " classes");
  if (card.classes.empty()) return text + " without names";
  for (size_t i = 0; i < std::min(kShown, card.classes.size()); ++i)
    text += (i ? ", " : ": ") + loaders::printable(class_name(card.classes, i));
  return text + (card.classes.size() > kShown ? ", ..." : "");
}

/// "as the model says, except for --size".
std::string origin(const ModelCard& card, const Model& model, const CardOptions& o) {
  std::string others;
  for (const auto& [given, name] : {std::pair(o.size > 0, "--size"),
                                    {!o.resize.empty(), "--resize"},
                                    {!o.mean.empty(), "--mean"},
                                    {!o.deviation.empty(), "--std"},
                                    {!o.labels.empty(), "--labels"},
                                    {o.size == 0 && !model.card && model.size > 0, "the size, which is the network's"},
                                    {o.labels.empty() && !card.classes.empty() && (!model.card || model.card->classes.empty()),
                                     "the names, which are the data's"}})
    if (given) others += str(others.empty() ? "" : ", ", name);
  return (model.card ? "as the model says" : "the defaults, because the model does not say") +
         (others.empty() ? "" : ", except for " + others);
}

}  // namespace

void add_card_options(CLI::App& app, CardOptions& o) {
  app.add_option(
         "--resize", o.resize,
         "How an image becomes a square: fastai: its central square; torchvision: shorter side to 256/224 of the size, or "
         "torchvision:PX to PX, then the centre; squish: without keeping proportions")
      ->check(resize_rule())
      ->group(kGroup);
  add_numbers(app, "--mean", o.mean, "Of each channel, after division by 255: 0.485,0.456,0.406");
  add_numbers(app, "--std", o.deviation, "Of each channel: 0.229,0.224,0.225");
  app.add_option("--labels", o.labels, "A file with the classes' names, one in each line")->check(not_empty())->group(kGroup);
}

void add_size_option(CLI::App& app, CardOptions& o) {
  app.add_option("--size", o.size, "Side of the images in pixels")->check(CLI::Range(1, 4096))->group(kGroup);
}

ModelCard used_card(const Model& model, const CardOptions& o, const std::string& file) {
  ModelCard card = model.card.value_or(ModelCard{});
  const std::string name = loaders::printable(file);
  OCTET_CHECK(!model.card || card.input.channels() == model.channels, name, ": ", loaders::kCardKey, " says ",
              card.input.channels(), " channels, and the network takes ", model.channels);
  OCTET_CHECK(card.classes.empty() || model.classes == 0 || std::ssize(card.classes) == model.classes, name, ": ",
              loaders::kCardKey, " has ", card.classes.size(), " names, and the model ", model.classes, " classes");
  if (!model.card && model.channels != card.input.channels()) card.input.mean = card.input.deviation = {};
  if (!model.card && model.size > 0) card.input.size = model.size;
  overrule(card.input, o, model.channels);
  if (o.labels.empty()) return card;
  card.classes = read_labels(o.labels);
  OCTET_CHECK(model.classes == 0 || std::ssize(card.classes) == model.classes, loaders::printable(o.labels), ": ",
              card.classes.size(), " names, and the model has ", model.classes, " classes; give a name in each line");
  return card;
}

bool is_of_images(const ModelCard& card) { return !card.input.mean.empty(); }

void check_images(const ModelCard& card, const Model& model, const std::string& file) {
  const std::string name = loaders::printable(file);
  OCTET_CHECK(model.channels == 1 || model.channels == 3, name, ": takes ", model.channels,
              " channels, which images do not have; give it a .npy");
  OCTET_CHECK(!card.input.mean.empty() && !card.input.deviation.empty(), name, ": takes ", model.channels,
              " channel, and does not say how images become that; give --mean and --std");
  OCTET_CHECK(card.input.channels() == model.channels, name, ": takes ", model.channels, " channels, and mean has ",
              card.input.channels(), " numbers");
  loaders::check(card.input, name);
}

std::string rule_name(const ImageTransform& t) {
  const std::string rule = loaders::kResizeRules.at(static_cast<size_t>(t.rule));
  return t.rule == ResizeRule::torchvision ? str(rule, ":", t.shorter_side()) : rule;
}

std::string describe(const ModelCard& card, const Model& model, const CardOptions& o) {
  const ImageTransform& t = card.input;
  return str("images of ", t.size, " px, resize ", rule_name(t), ", mean", numbers(t.mean), ", std", numbers(t.deviation), "; ",
             classes_of(card, model), " (", origin(card, model, o), ")");
}

}  // namespace octet::apps
