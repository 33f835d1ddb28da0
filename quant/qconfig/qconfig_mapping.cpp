#include "quant/qconfig/qconfig_mapping.h"

#include <re2/re2.h>

#include <algorithm>
#include <set>

#include "nn/graph/print.h"
#include "quant/qconfig/nearest_names.h"
#include "tensor/text.h"

namespace octet::quant {
namespace {

/// What a type rule is compared with: "Conv2d" also for a convolution with its relu fused.
std::string object_type(const nn::Node& call) {
  if (call.kind == nn::NodeKind::call_function) return call.target;
  const std::string type = nn::info(call.op).object_type;
  return type.empty() ? nn::type_name(call) : type;
}

/// The module that makes the call: the layer itself, or the one whose forward calls the function.
const std::string& module_of(const nn::Node& call) { return call.kind == nn::NodeKind::call_module ? call.target : call.scope; }

constexpr size_t kLongestKey = 1000, kMostRules = 2000;

std::string checked(std::string key) {
  OCTET_CHECK(key.size() <= kLongestKey, quoted(key), ": ", key.size(), " characters, expected at most ", kLongestKey);
  return key;
}

std::shared_ptr<const re2::RE2> compiled(const std::string& pattern) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(int64_t{1} << 18);
  auto regex = std::make_shared<const re2::RE2>(pattern, options);
  OCTET_CHECK(regex->ok(), quoted(pattern), " is no regular expression: ", printable(regex->error()));
  return regex;
}

template <class Names>
std::string listed(const Names& names) {
  constexpr size_t kShown = 24;
  std::string text;
  size_t shown = 0;
  for (const auto& name : names) {
    if (shown++ == kShown) return text + ", ...";
    text += str(text.empty() ? "" : ", ", printable(name));
  }
  return text;
}

}  // namespace

QConfigMapping& QConfigMapping::set(Rule rule) {
  OCTET_CHECK(rules_.size() < kMostRules, "more than ", kMostRules, " rules");
  const auto same = std::ranges::find_if(rules_, [&](const Rule& r) { return r.by == rule.by && r.key == rule.key; });
  if (same != rules_.end()) return same->choice = std::move(rule.choice), *this;
  const auto place = std::ranges::upper_bound(rules_, rule.by, {}, &Rule::by);
  rules_.insert(place, std::move(rule));
  return *this;
}

QConfigMapping& QConfigMapping::set_object_type(std::string type, Choice choice) {
  return set({By::type, checked(std::move(type)), std::move(choice)});
}

QConfigMapping& QConfigMapping::set_module_name(std::string name, Choice choice) {
  return set({By::name, checked(std::move(name)), std::move(choice)});
}

QConfigMapping& QConfigMapping::set_module_name_regex(std::string pattern, Choice choice) {
  const std::string key = checked(std::move(pattern));
  return set({By::pattern, key, std::move(choice), compiled(key)});
}

bool QConfigMapping::matches(const Rule& rule, const nn::Node& call) {
  switch (rule.by) {
    case By::name:
      return module_of(call) == rule.key;
    case By::pattern:
      return rule.pattern->Match(module_of(call), 0, module_of(call).size(), re2::RE2::ANCHOR_START, nullptr, 0);
    case By::type:
      return object_type(call) == rule.key;
  }
  return false;
}

QConfigMapping::Choice QConfigMapping::of(const nn::Node& call) const {
  for (const Rule& rule : rules_)
    if (matches(rule, call)) return rule.choice;
  Choice choice = global_;
  if (const nn::op::Info& info = nn::info(call.op); choice && info.scale == nn::op::Scale::fixed)
    choice->activation = {.kind = "FixedQParamsObserver", .fixed = info.fixed};
  if (choice && nn::info(call.op).one_weight_scale) choice->weight.per_channel = false;
  return choice;
}

void QConfigMapping::check_all_match(const nn::Graph& graph, bool (*can_be_int8)(const nn::Op&)) const {
  std::set<std::string> names, types;
  for (const nn::Node& node : graph.nodes())
    if (can_be_int8(node.op)) names.insert(module_of(node)), types.insert(object_type(node));
  for (const Rule& rule : rules_) {
    const bool matched =
        std::ranges::any_of(graph.nodes(), [&](const nn::Node& node) { return can_be_int8(node.op) && matches(rule, node); });
    const std::set<std::string>& known = rule.by == By::type ? types : names;
    OCTET_CHECK(matched, rule.by == By::type ? "type " : "", quoted(rule.key),
                " matches no layer that can be quantized; nearest: ", listed(nearest_names(rule.key, known)), "; there are ",
                listed(known));
  }
}

namespace {

struct Backend {
  const char* name;
  bool reduce_range, per_channel;
  Engine engine;
};
constexpr Backend kBackends[] = {{"qnnpack", false, false, Engine::qnnpack},
                                 {"x86", true, true, Engine::fbgemm},
                                 {"fbgemm", true, true, Engine::fbgemm},
                                 {"onednn", false, true, Engine::onednn},
                                 {"x86_vnni", true, true, Engine::x86_vnni}};

}  // namespace

const std::vector<std::string>& backend_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Backend& backend : kBackends) names.emplace_back(backend.name);
    return names;
  }();
  return kNames;
}

QConfigMapping get_default_qconfig_mapping(const std::string& backend) {
  const auto* known = std::ranges::find(kBackends, backend, &Backend::name);
  OCTET_CHECK(known != std::end(kBackends), "unknown backend ", quoted(backend), ": expected one of ", listed(backend_names()));
  QConfigMapping mapping(backend, known->engine);
  mapping.set_global(QConfig{.activation = {.spec = {.reduce_range = known->reduce_range}},
                             .weight = {.kind = "MinMaxObserver", .spec = kWeightSpec, .per_channel = known->per_channel}});
  return mapping;
}

QConfigMapping get_default_qat_qconfig_mapping(const std::string& backend) {
  QConfigMapping mapping = get_default_qconfig_mapping(backend);
  QConfig qconfig = *mapping.global();
  qconfig.activation.kind = qconfig.weight.kind = "MovingAverageMinMaxObserver";
  return mapping.set_global(qconfig);
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  for (Engine engine : ops::int8::kEngines) names.emplace_back(name_of(engine));
  return names;
}

Engine parse_engine(const std::string& name) {
  if (const std::optional<Engine> engine = ops::int8::engine_named(name)) return *engine;
  fail("unknown engine ", quoted(name), ": expected one of ", listed(engine_names()));
}

}  // namespace octet::quant
