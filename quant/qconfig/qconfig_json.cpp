#include "quant/qconfig/qconfig_json.h"

#include <nlohmann/json.hpp>

#include "quant/qconfig/json_numbers.h"

namespace octet::quant {
namespace {

using Json = nlohmann::ordered_json;  // the order of patterns counts

/// A rule for each of a thousand layers has 15,000 names.
constexpr JsonLimits kLimits{.bytes = uint64_t{4} << 20, .depth = 8, .values = 100'000, .names = 20'000};

DType dtype_from(const std::string& name) {
  if (name == "quint8") return DType::quint8;
  OCTET_CHECK(name == "qint8", "unknown dtype ", quoted(name), ": expected quint8 or qint8");
  return DType::qint8;
}

QScheme scheme_from(const std::string& name) {
  if (name == "affine") return QScheme::affine;
  OCTET_CHECK(name == "symmetric", "unknown qscheme ", quoted(name), ": expected affine or symmetric");
  return QScheme::symmetric;
}

void check_keys(const Json& object, std::initializer_list<const char*> known, const std::string& where) {
  OCTET_CHECK(object.is_object(), where, ": expected an object in {}, got ", excerpt(object));
  for (const auto& [key, value] : object.items()) {
    std::string names;
    bool found = false;
    for (const char* name : known) {
      names += str(names.empty() ? "'" : ", '", name, "'");
      found = found || key == name;
    }
    OCTET_CHECK(found, where, ": unknown key ", quoted(key), ", expected ", names);
  }
}

ObserverChoice observer_from(const Json& j, ObserverChoice choice, const std::string& where) {
  check_keys(j,
             {"observer", "dtype", "qscheme", "reduce_range", "quant_min", "quant_max", "per_channel", "averaging_constant",
              "percentile", "scale", "zero_point"},
             where);
  choice.kind = j.value("observer", choice.kind);
  if (j.contains("dtype")) choice.spec.dtype = dtype_from(j["dtype"]);
  if (j.contains("qscheme")) choice.spec.scheme = scheme_from(j["qscheme"]);
  choice.spec.reduce_range = j.value("reduce_range", choice.spec.reduce_range);
  OCTET_CHECK(j.contains("quant_min") == j.contains("quant_max"), where, ": quant_min and quant_max belong together");
  const auto code = [&](const char* key) { return static_cast<int32_t>(integer_from(j[key], key, INT32_MIN, INT32_MAX)); };
  if (j.contains("quant_min")) choice.spec.codes = CodeRange{code("quant_min"), code("quant_max")};
  choice.per_channel = j.value("per_channel", choice.per_channel);
  const auto set = [&](const char* key, auto& value) {
    if (j.contains(key)) value = static_cast<std::decay_t<decltype(value)>>(real_from(j[key], key));
  };
  set("averaging_constant", choice.averaging_constant);
  set("percentile", choice.percentile);
  set("scale", choice.fixed.scale);
  if (j.contains("zero_point")) choice.fixed.zero_point = code("zero_point");
  make_observer(choice);  // throws for what cannot be
  return choice;
}

QConfigMapping::Choice qconfig_from(const Json& j, const QConfig& defaults, const std::string& where) {
  if (j.is_null()) return std::nullopt;
  check_keys(j, {"activation", "weight"}, where);
  QConfig qconfig = defaults;
  if (j.contains("activation")) qconfig.activation = observer_from(j["activation"], defaults.activation, where + ".activation");
  if (j.contains("weight")) qconfig.weight = observer_from(j["weight"], defaults.weight, where + ".weight");
  OCTET_CHECK(qconfig.activation.spec.dtype == DType::quint8 && !qconfig.activation.per_channel, where,
              ".activation: activations are quint8 with one scale per tensor");
  OCTET_CHECK(qconfig.weight.spec.dtype == DType::qint8 && qconfig.weight.spec.scheme == QScheme::symmetric, where,
              ".weight: weights are qint8 and symmetric");
  return qconfig;
}

void apply_rules(QConfigMapping& mapping, const Json& j) {
  check_keys(j, {"", "object_type", "module_name", "module_name_regex"}, "qconfig");
  const QConfig defaults = mapping.global().value_or(QConfig{});
  if (j.contains("")) mapping.set_global(qconfig_from(j[""], defaults, "qconfig.''"));
  const QConfig global = mapping.global().value_or(defaults);
  const auto rules = [&](const char* kind, auto set) {
    if (!j.contains(kind)) return;
    OCTET_CHECK(j[kind].is_object(), "qconfig.", kind, ": expected an object in {}, got ", excerpt(j[kind]));
    for (const auto& [key, value] : j[kind].items())
      (mapping.*set)(key, qconfig_from(value, global, str(kind, ".", printable(key))));
  };
  rules("object_type", &QConfigMapping::set_object_type);
  rules("module_name_regex", &QConfigMapping::set_module_name_regex);
  rules("module_name", &QConfigMapping::set_module_name);
}

Json json_of(const ObserverChoice& c) {
  Json j = {{"observer", c.kind},
            {"dtype", c.spec.dtype == DType::quint8 ? "quint8" : "qint8"},
            {"qscheme", c.spec.scheme == QScheme::affine ? "affine" : "symmetric"},
            {"reduce_range", c.spec.reduce_range},
            {"per_channel", c.per_channel},
            {"averaging_constant", c.averaging_constant},
            {"percentile", c.percentile}};
  if (c.kind == "FixedQParamsObserver") j["scale"] = c.fixed.scale, j["zero_point"] = c.fixed.zero_point;
  if (c.spec.codes) j["quant_min"] = c.spec.codes->qmin, j["quant_max"] = c.spec.codes->qmax;
  return j;
}

Json json_of(const QConfigMapping::Choice& choice) {
  if (!choice) return nullptr;
  return {{"activation", json_of(choice->activation)}, {"weight", json_of(choice->weight)}};
}

}  // namespace

void apply_json(QConfigMapping& mapping, const std::string& text, const std::string& source) {
  try {
    apply_rules(mapping, parse_json<Json>(text, kLimits, source));
  } catch (const Json::exception& error) {
    fail(source, ": ", printable(error.what()));
  } catch (const Error& error) {
    const std::string text_of = error.what();
    fail(text_of.starts_with(source) ? "" : source + ": ", text_of);
  }
}

std::string to_json(const QConfigMapping& mapping) {
  Json j = Json::object();
  j[""] = json_of(mapping.global());
  for (const QConfigMapping::Rule& rule : mapping.rules()) {
    const char* kind = rule.by == QConfigMapping::By::name      ? "module_name"
                       : rule.by == QConfigMapping::By::pattern ? "module_name_regex"
                                                                : "object_type";
    j[kind][rule.key] = json_of(rule.choice);
  }
  return j.dump();
}

}  // namespace octet::quant
