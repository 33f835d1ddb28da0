#include "loaders/checkpoints/model_card.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "loaders/files/bytes.h"
#include "loaders/files/limits.h"
#include "tensor/json_text.h"

namespace octet::loaders {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr const char* kInterpolation = "bilinear";

/// The double of the shortest decimal number that is this float: 0.485, not 0.48500001430511475.
double shortest(float x) {
  char text[32];
  const char* end = std::to_chars(text, text + sizeof text, x).ptr;
  double value = 0;
  std::from_chars(text, end, value);
  return value;
}

Json numbers(const std::vector<float>& values) {
  Json list = Json::array();
  for (float x : values) list.push_back(shortest(x));
  return list;
}

/// The value of a key. Throws Error where it is missing.
const Json& at(const Json& object, const char* key, const std::string& where) {
  const auto it = object.find(key);
  OCTET_CHECK(it != object.end(), where, ": no \"", key, "\" in it");
  return *it;
}

int whole_number(const Json& object, const char* key, const std::string& where) {
  const Json& j = at(object, key, where);
  OCTET_CHECK(j.is_number_integer() && j >= 0 && j <= kMaxImageSide, where, ": \"", key, "\" is ", printable(j.dump()),
              ", expected a whole number up to ", kMaxImageSide);
  return j.get<int>();
}

std::string text(const Json& object, const char* key, const std::string& where) {
  const Json& j = at(object, key, where);
  OCTET_CHECK(j.is_string(), where, ": \"", key, "\" is ", printable(j.dump()), ", expected text");
  return j.get<std::string>();
}

std::vector<float> floats(const Json& object, const char* key, const std::string& where) {
  const Json& list = at(object, key, where);
  OCTET_CHECK(list.is_array() && list.size() <= 3, where, ": \"", key, "\" is ", printable(list.dump()),
              ", expected a number for each channel");
  std::vector<float> values;
  for (const Json& j : list) {
    OCTET_CHECK(j.is_number(), where, ": \"", key, "\" is ", printable(list.dump()), ", expected numbers");
    values.push_back(static_cast<float>(j.get<double>()));
  }
  return values;
}

std::vector<std::string> names(const Json& object, const std::string& where) {
  if (!object.contains("classes")) return {};
  const Json& list = object["classes"];
  OCTET_CHECK(list.is_array() && list.size() <= kMaxClasses, where, ": \"classes\" is ",
              list.is_array() ? str(list.size(), " names, at most ", kMaxClasses) : "no list, expected a list of names");
  std::vector<std::string> classes;
  for (const Json& j : list) {
    OCTET_CHECK(j.is_string() && j.get_ref<const std::string&>().size() <= kMaxClassName, where, ": name of class ",
                classes.size(), " is ", j.is_string() ? "longer than " + std::to_string(kMaxClassName) + " bytes" : "no text");
    classes.push_back(j.get<std::string>());
  }
  return classes;
}

ImageTransform transform(const Json& object, const std::string& where) {
  ImageTransform t;
  t.size = whole_number(object, "size", where);
  const std::string rule = text(object, "resize", where);
  const auto known = std::ranges::find(kResizeRules, rule);
  OCTET_CHECK(known != kResizeRules.end(), where, ": resize ", quoted(rule), ", expected fastai, torchvision or squish");
  t.rule = static_cast<ResizeRule>(known - kResizeRules.begin());
  if (t.rule == ResizeRule::torchvision) t.resize_to = whole_number(object, "resize_to", where);
  const std::string interpolation = text(object, "interpolation", where);
  OCTET_CHECK(interpolation == kInterpolation, where, ": interpolation ", quoted(interpolation), ", expected ", kInterpolation,
              ", which is the one that octet has");
  t.mean = floats(object, "mean", where);
  t.deviation = floats(object, "std", where);
  const int channels = whole_number(object, "channels", where);
  OCTET_CHECK(channels == t.channels(), where, ": ", channels, " channels and mean of ", t.channels());
  check(t, where);
  return t;
}

}  // namespace

std::string to_json(const ModelCard& card) {
  const ImageTransform& t = card.input;
  Json input = {{"size", t.size}, {"channels", t.channels()}, {"resize", kResizeRules.at(static_cast<size_t>(t.rule))}};
  if (t.rule == ResizeRule::torchvision) input["resize_to"] = t.shorter_side();
  input["interpolation"] = kInterpolation;
  input["mean"] = numbers(t.mean);
  input["std"] = numbers(t.deviation);
  Json json = {{"version", kVersion}};
  if (!card.classes.empty()) {
    json["classes"] = Json::array();
    for (const std::string& name : card.classes) json["classes"].push_back(card_name(name));
  }
  json["input"] = std::move(input);
  return json.dump();
}

ModelCard card_from_json(std::string_view json, const std::string& where) {
  constexpr JsonLimits kLimits{.bytes = kMaxCardBytes, .depth = kMaxJsonNesting, .values = 2 * kMaxClasses, .names = 1000};
  const Json card = parse_json<Json>(json, kLimits, where);
  OCTET_CHECK(card.is_object(), where, ": expected an object in {}, got ", printable(card.dump()));
  const int version = whole_number(card, "version", where);
  OCTET_CHECK(version == kVersion, where, ": version ", version, ", expected ", kVersion, "; a newer octet wrote it");
  const Json& input = at(card, "input", where);
  OCTET_CHECK(input.is_object(), where, ": \"input\" is ", printable(input.dump()), ", expected an object in {}");
  return {names(card, where), transform(input, where + ": input")};
}

std::optional<ModelCard> find_card(const std::map<std::string, std::string>& metadata, const std::string& file) {
  const auto it = metadata.find(kCardKey);
  if (it == metadata.end()) return std::nullopt;
  return card_from_json(it->second, str(printable(file), ": ", kCardKey));
}

std::string card_name(const std::string& name) { return is_utf8(name) ? name : printable(name); }

}  // namespace octet::loaders
