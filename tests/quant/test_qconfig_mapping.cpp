// QConfigMapping: layers kept in float leave observers, quantize and dequantize exactly where PyTorch's FX puts them.
#include "nn/graph/executor.h"
#include "nn/init.h"
#include "nn/models/from_checkpoint.h"
#include "nn/trace.h"
#include "quant/formats/model_file.h"
#include "quant/formats/to_pytorch.h"
#include "quant/passes/convert.h"
#include "quant/passes/insert_observers.h"
#include "quant/passes/prepare.h"
#include "quant/qconfig/qconfig_json.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/make.h"

namespace octet::quant {
namespace {

using test::Golden;

nn::Graph traced_model() {
  auto model = nn::make_model({.fastai_head = true}, 10);
  Generator generator(3);
  nn::init::initialise(*model, generator);
  return nn::trace(*model, Tensor::zeros({1, 3, 32, 32}));
}

const QConfig kMinMax{.activation = {.kind = "MinMaxObserver"}, .weight = {.kind = "MinMaxObserver", .spec = kWeightSpec}};

QConfigMapping mapping_of(const std::vector<std::string>& rules) {
  QConfigMapping mapping = get_default_qconfig_mapping("qnnpack");
  for (const std::string& line : rules) {
    std::istringstream words(line);
    std::string kind, key, choice;
    words >> kind >> key >> choice;
    const QConfigMapping::Choice chosen = choice == "none" ? QConfigMapping::Choice() : kMinMax;
    if (kind == "global") mapping.set_global(chosen);
    if (kind == "object_type") mapping.set_object_type(key, chosen);
    if (kind == "module_name") mapping.set_module_name(key, chosen);
    if (kind == "module_name_regex") mapping.set_module_name_regex(key, chosen);
  }
  return mapping;
}

/// One text, of which gtest shows the lines that differ.
std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class Placement : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Mappings, Placement,
                         ::testing::Values("first_layer", "one_convolution", "second_of_block", "a_stage", "head", "no_linear",
                                           "no_add", "no_cat", "all_but_one", "precedence", "mixed"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Placement, AsPyTorch) {
  const Golden golden(std::string("qconfigs/") + GetParam());
  const QConfigMapping mapping = mapping_of(golden.lines("rules"));
  const nn::Graph prepared = prepare(traced_model(), mapping);
  std::vector<std::string> observed, nodes;
  for (const ObserverInfo& info : observers(prepared))
    observed.push_back(info.name + " " + info.observes + " " + info.observer->kind());
  EXPECT_EQ(joined(observed), joined(golden.lines("prepared")));

  const Tensor x = test::random_floats({1, 3, 64, 64}, 1);
  nn::run(prepared, x);
  const nn::Graph converted = convert(prepared, mapping);
  static const char* const kKinds[] = {"placeholder", "call_module", "call_function", "output"};
  for (const nn::Node& node : converted.nodes()) nodes.push_back(node.name + " " + kKinds[static_cast<size_t>(node.kind)]);
  EXPECT_EQ(joined(nodes), joined(golden.lines("converted")));

  const Tensor y = nn::run(converted, x);
  const SavedModel saved = save_graph(converted, {});
  EXPECT_TRUE(test::bits_equal(nn::run(load_graph(saved, "saved"), x), y));
}

TEST(QConfigMapping, NamesWhatDoesNotMatch) {
  const nn::Graph traced = traced_model();
  QConfigMapping mapping = get_default_qconfig_mapping("x86");
  mapping.set_module_name("0.4.0.conv9", std::nullopt);
  EXPECT_TRUE(test::fails_with([&] { prepare(traced, mapping); },
                               {"'0.4.0.conv9'", "matches no layer", "nearest: 0.4.0.conv1, 0.4.0.conv2"}));
  EXPECT_TRUE(test::fails_with([&] { mapping.set_module_name_regex("(", std::nullopt); }, {"'('", "regular expression"}));
  QConfigMapping types = get_default_qconfig_mapping("x86");
  types.set_object_type("Conv3d", std::nullopt);
  EXPECT_TRUE(test::fails_with([&] { prepare(traced, types); }, {"'Conv3d'", "Conv2d", "Linear", "add"}));
}

TEST(QConfig, RefusesWhatCannotBe) {
  EXPECT_TRUE(
      test::fails_with([] { make_observer({.kind = "Histogram"}); }, {"'Histogram'", "HistogramObserver", "MseObserver"}));
  EXPECT_TRUE(test::fails_with([] { make_observer({.spec = {.codes = CodeRange{0, 300}}}); }, {"quant_max 300", "0..255"}));
  EXPECT_TRUE(test::fails_with([] { make_observer({.spec = {.codes = CodeRange{3, 15}}}); }, {"quant_min 3", "contains 0"}));
  EXPECT_TRUE(test::fails_with([] { make_observer({.kind = "PercentileObserver", .percentile = 101}); }, {"101"}));
  const Tensor weight = test::random_floats({4, 3}, 1);
  EXPECT_TRUE(test::fails_with([&] { weight_scales({.kind = "MinMaxObserver"}, weight); }, {"quint8", "symmetric"}));
}

TEST(Export, RefusesLayersInFloat) {
  QConfigMapping mapping = get_default_qconfig_mapping("x86");
  mapping.set_module_name("0.4.0.conv1", std::nullopt);
  const nn::Graph prepared = prepare(traced_model(), mapping);
  nn::run(prepared, test::random_floats({1, 3, 64, 64}, 1));
  EXPECT_TRUE(test::fails_with([&] { state_dict_for_pytorch(prepared, mapping); }, {"'0.4.0.conv1'", "kept in float"}));
}

TEST(QConfigJson, SaysWhatTheCallsSay) {
  QConfigMapping by_calls = get_default_qconfig_mapping("x86"), by_json = get_default_qconfig_mapping("x86");
  QConfig global = *by_calls.global();
  global.activation.kind = "PercentileObserver";
  global.activation.percentile = 99.5;
  global.weight.per_channel = false;
  QConfig four_bits = global;
  four_bits.activation.spec.codes = CodeRange{0, 15};
  by_calls.set_global(global).set_object_type("add", std::nullopt).set_module_name_regex("0\\.7.*", four_bits);
  apply_json(by_json,
             R"({"": {"activation": {"observer": "PercentileObserver", "percentile": 99.5}, "weight": {"per_channel": false}},
                          "object_type": {"add": null},
                          "module_name_regex": {"0\\.7.*": {"activation": {"quant_min": 0, "quant_max": 15}}}})",
             "a.json");
  EXPECT_EQ(to_json(by_json), to_json(by_calls));
  QConfigMapping again = get_default_qconfig_mapping("qnnpack");
  apply_json(again, to_json(by_json), "again");
  EXPECT_EQ(to_json(again), to_json(by_json));
}

TEST(QConfigJson, RefusesWhatItDoesNotKnow) {
  QConfigMapping m = get_default_qconfig_mapping("x86");
  const auto refuses = [&](const std::string& text, const std::vector<std::string>& parts) {
    return test::fails_with([&] { apply_json(m, text, "a.json"); }, parts);
  };
  EXPECT_TRUE(refuses("{", {"a.json"}));
  EXPECT_TRUE(refuses("[]", {"a.json", "expected an object"}));
  EXPECT_TRUE(refuses(R"({"modul_name": {}})", {"'modul_name'", "'module_name'"}));
  EXPECT_TRUE(refuses(R"({"": {"activations": {}}})", {"'activations'", "'activation', 'weight'"}));
  EXPECT_TRUE(refuses(R"({"": {"activation": {"observer": "Magic"}}})", {"'Magic'", "MseObserver"}));
  EXPECT_TRUE(refuses(R"({"": {"activation": {"quant_min": 0}}})", {"belong together"}));
  EXPECT_TRUE(refuses(R"({"": {"activation": {"quant_min": 0, "quant_max": 300}}})", {"300", "0..255"}));
  EXPECT_TRUE(refuses(R"({"": {"activation": {"reduce_range": "yes"}}})", {"a.json", "type"}));
  EXPECT_TRUE(refuses(R"({"": {"weight": {"qscheme": "affine"}}})", {"weights are qint8 and symmetric"}));
  EXPECT_TRUE(refuses(R"({"module_name_regex": {"(": null}})", {"'('", "regular expression"}));
  EXPECT_TRUE(refuses(std::string(400'000, '['), {"a.json", "nested more than 8 deep"}));
  EXPECT_TRUE(refuses("{\"mod\\u001b[31m\\nule\": 1}", {"unknown key 'mod\\x1b[31m\\x0aule'"}));
  std::string many = "{";
  for (int i = 0; i < 25'000; ++i) many += str(i ? "," : "", "\"", i, "\":0");
  EXPECT_TRUE(refuses(many + "}", {"more than 20000 names"}));
}

// As re.match of Python, which PyTorch asks: at the beginning, not up to the end; and none of them takes time that grows faster
// than the name.
TEST(QConfigPatterns, MatchAsPythonsAndAlwaysEnd) {
  const nn::Graph traced = traced_model();
  const auto kept = [&](const std::string& pattern) {
    QConfigMapping mapping = get_default_qconfig_mapping("x86");
    mapping.set_module_name_regex(pattern, std::nullopt);
    std::set<std::string> names;
    for (const nn::Node& node : traced.nodes())
      if (!mapping.of(node)) names.insert(node.target);
    return names;
  };
  EXPECT_EQ(kept("0\\.4\\.0\\.conv[12]$"), (std::set<std::string>{"0.4.0.conv1", "0.4.0.conv2"}));
  EXPECT_FALSE(kept("0\\.4").empty());  // from the beginning
  EXPECT_TRUE(kept("conv1").empty());   // not in the middle
  EXPECT_TRUE(kept("0\\.4\\.0\\.CONV1").empty());
  std::string nested, stars, dots;
  for (int i = 0; i < 30; ++i) stars += "(a*)*", dots += ".*";
  EXPECT_TRUE(kept(stars + "c").empty());
  EXPECT_TRUE(kept("(([0-9a-z]|\\.)*)*$x").empty());
  EXPECT_TRUE(kept(dots + "zzz").empty());
  QConfigMapping mapping = get_default_qconfig_mapping("x86");
  const auto refused = [&](const std::string& pattern, const std::string& part) {
    return test::fails_with([&] { mapping.set_module_name_regex(pattern, std::nullopt); }, {part});
  };
  EXPECT_TRUE(refused(std::string(50'000, '(') + std::string(50'000, ')'), "expected at most 1000"));
  EXPECT_TRUE(refused(std::string(499, '(') + "a{900}" + std::string(400, ')'), "regular expression"));
  EXPECT_TRUE(refused("((a{100}){100}){100}", "regular expression"));
  EXPECT_TRUE(refused("(?=a)b", "regular expression"));  // needs going back
}

}  // namespace
}  // namespace octet::quant
