// Heads and stems that are not the network's own: read from the keys, run as PyTorch runs them in eval, replaced for other classes.
#include "nn/models/head.h"

#include "nn/models/from_checkpoint.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"
#include "tests/support/training.h"

namespace octet::nn {
namespace {

using test::random_floats;

StateDict filled_state(const Form& form, int64_t classes) {
  const auto model = make_model(form, classes);
  test::fill_by_formula(*model);
  StateDict state;
  for (const auto& s : model->state()) state.add({s.key, s.value.tensor().clone(), {}});
  return state;
}

StateDict without(const StateDict& state, const std::string& prefix) {
  StateDict rest;
  for (const StateEntry& e : state.entries())
    if (!e.key.starts_with(prefix)) rest.add(e);
  return rest;
}

LoadedModel load(const StateDict& state) { return model_from_checkpoint(state, form_of(state, "w.pth"), "w.pth"); }
Tensor logits(const LoadedModel& loaded, const Tensor& x) { return (*loaded.model)(Value(x)).tensor(); }

const Form kPlain{.network = Network::resnet18};
const Tensor kImages = random_floats({2, 3, 32, 32}, 5);

TEST(Heads, ASequentialOfDropoutAndLinear) {
  const StateDict plain = filled_state(kPlain, 3);
  StateDict moved = without(plain, "fc.");
  for (const char* name : {"weight", "bias"}) moved.add({str("fc.1.", name), plain.find(str("fc.", name))->tensor, {}});
  const LoadedModel loaded = load(moved);
  EXPECT_EQ(loaded.classes, 3);
  EXPECT_EQ(loaded.form, "resnet18 with a head of its own");
  ASSERT_EQ(loaded.notes.size(), 1u);
  EXPECT_NE(loaded.notes[0].find("dropout, fc.1 linear"), std::string::npos) << loaded.notes[0];
  EXPECT_TRUE(test::bits_equal(logits(loaded, kImages), logits(load(plain), kImages)));
}

/// A .safetensors lists its tensors in an order of its own.
TEST(Heads, NumbersCountNotTheOrderOfTheFile) {
  const Form fastai{.network = Network::resnet18, .fastai_head = true};
  const StateDict state = filled_state(fastai, 3);
  StateDict reversed;
  for (size_t i = state.entries().size(); i-- > 0;) reversed.add(state.entries()[i]);
  EXPECT_TRUE(form_of(reversed, "w.safetensors").fastai_head);
  EXPECT_TRUE(test::bits_equal(logits(load(reversed), kImages), logits(load(state), kImages)));
}

/// PyTorch's int8 state_dict has zeros for the biases that fastai's linear layers do not have.
TEST(Heads, BiasesOfQuantizedLayersDoNotMakeAnotherHead) {
  const StateDict state = filled_state({.network = Network::resnet18, .fastai_head = true}, 3);
  StateDict int8;
  for (const StateEntry& e : state.entries()) {
    const std::string layer = e.key.substr(0, 4);
    if (e.key != "1.4.weight" && e.key != "1.8.weight") {
      int8.add(e);
      continue;
    }
    int8.add({layer.substr(0, 3) + "._packed_params._packed_params.0", e.tensor, {}});
    int8.add({layer.substr(0, 3) + "._packed_params._packed_params.1", Tensor::zeros({e.tensor.size(0)}), {}});
  }
  const Form form = form_of(int8, "int8.pth");
  EXPECT_TRUE(form.fastai_head);
  EXPECT_FALSE(form.head.has_value());
}

/// A ResNet18 whose head gives the body's 512 features.
Tensor features(const StateDict& state, const Tensor& x) {
  StateDict body = without(state, "fc.");
  Tensor identity = Tensor::zeros({512, 512});
  for (int64_t i = 0; i < 512; ++i) identity.data<float>()[i * 513] = 1;
  body.add({"fc.weight", identity, {}});
  body.add({"fc.bias", Tensor::zeros({512}), {}});
  return logits(load(body), x);
}

TEST(Heads, LinearReluDropoutLinear) {
  const StateDict body = without(filled_state(kPlain, 3), "fc.");
  const Tensor w0 = random_floats({8, 512}, 1), b0 = random_floats({8}, 2), w3 = random_floats({3, 8}, 3);
  const Tensor hidden = ops::relu(ops::linear(features(body, kImages), w0, b0));
  const Tensor want = ops::linear(hidden, w3, Tensor());
  for (const auto& [first, second] : {std::pair("fc.0", "fc.3"), {"fc.fc1", "fc.fc2"}, {"fc.0.0", "fc.0.2"}}) {
    StateDict state = body;
    state.add({str(first, ".weight"), w0, {}});
    state.add({str(first, ".bias"), b0, {}});
    state.add({str(second, ".weight"), w3, {}});
    const LoadedModel loaded = load(state);
    EXPECT_TRUE(test::all_close(logits(loaded, kImages), want, 1e-4f, 1e-3f)) << first;  // sums of 512 in another order
    ASSERT_EQ(loaded.notes.size(), 1u);
    EXPECT_NE(loaded.notes[0].find("relu is taken for granted"), std::string::npos) << loaded.notes[0];
  }
}

std::string head_read(const StateDict& state, const std::string& path = "fc") {
  return describe(head_of(state, path, "w.pth").value());
}
StateDict layers(const std::vector<std::pair<std::string, Shape>>& weights, const std::vector<std::string>& norms = {}) {
  StateDict state;
  for (const auto& [path, shape] : weights) state.add({path + ".weight", Tensor::zeros(shape), {}});
  for (const std::string& path : norms) state.add({path + ".running_mean", Tensor::zeros({8}), {}});
  return state;
}

TEST(Heads, LayersWithoutWeightsAreFilledIn) {
  EXPECT_EQ(head_read(layers({{"fc", {3, 8}}})), "fc linear");
  EXPECT_EQ(head_read(layers({{"fc.1", {3, 8}}})), "dropout, fc.1 linear");
  EXPECT_EQ(head_read(layers({{"fc.0", {8, 8}}, {"fc.1", {3, 8}}})), "fc.0 linear, fc.1 linear");
  EXPECT_EQ(head_read(layers({{"fc.0", {8, 8}}, {"fc.2", {3, 8}}})), "fc.0 linear, relu, fc.2 linear");
  EXPECT_EQ(head_read(layers({{"fc.0", {8, 8}}, {"fc.1", {8}}, {"fc.4", {3, 8}}}, {"fc.1"})),
            "fc.0 linear, fc.1 batch norm, relu, dropout, fc.4 linear");
  EXPECT_EQ(head_read(layers({{"fc.0", {8, 8}}, {"fc.2", {8}}, {"fc.4", {3, 8}}}, {"fc.2"})),
            "fc.0 linear, relu, fc.2 batch norm, dropout, fc.4 linear");
  EXPECT_FALSE(head_of(layers({{"other", {3, 8}}}), "fc", "w.pth"));
}

TEST(Heads, WhatDoesNotFitIsNamed) {
  const StateDict body = without(filled_state(kPlain, 3), "fc.");
  StateDict wide = body, chain = body, odd = body;
  wide.add({"fc.weight", Tensor::zeros({3, 2048}), {}});
  EXPECT_TRUE(test::fails_with([&] { load(wide); }, {"w.pth", "'fc'", "2048 features", "resnet18 gives 512"}));
  chain.add({"fc.0.weight", Tensor::zeros({8, 512}), {}});
  chain.add({"fc.2.weight", Tensor::zeros({3, 9}), {}});
  EXPECT_TRUE(test::fails_with([&] { load(chain); }, {"w.pth", "'fc.2'", "9 features", "gives 8"}));
  odd.add({"fc.0.weight", Tensor::zeros({8, 512, 1, 1}), {}});
  EXPECT_TRUE(test::fails_with([&] { load(odd); }, {"w.pth", "'fc.0'", "neither a linear layer nor a batch norm"}));
}

TEST(Stems, OneChannelIsAnImageOfOneColour) {
  const StateDict grey = [] {
    Form form = kPlain;
    form.widths.input = 1;
    return filled_state(form, 3);
  }();
  const LoadedModel loaded = load(grey);
  EXPECT_EQ(loaded.form, "resnet18, 1 input channel");
  EXPECT_EQ(loaded.channels, 1);
  StateDict colour = without(grey, "conv1.");  // the weights for red, zeros for the others
  const Tensor& w = grey.find("conv1.weight")->tensor;
  Tensor red = Tensor::zeros({64, 3, 7, 7});
  for (int64_t k = 0; k < 64; ++k) std::copy_n(w.data<float>() + k * 49, 49, red.data<float>() + k * 147);
  colour.add({"conv1.weight", red, {}});
  const Tensor x = random_floats({1, 1, 32, 32}, 6);
  Tensor rgb = random_floats({1, 3, 32, 32}, 7);
  std::copy_n(x.data<float>(), x.numel(), rgb.data<float>());
  EXPECT_TRUE(test::all_close(logits(loaded, x), logits(load(colour), rgb), 1e-4f, 1e-4f));
}

TEST(Stems, OfAnotherWidth) {
  for (const bool fastai_head : {false, true}) {
    Form form{.network = Network::resnet18, .fastai_head = fastai_head};
    form.widths = {.input = 4, .stem = 32, .stages = {64, 128, 256, 512}};
    const LoadedModel loaded = load(filled_state(form, 3));
    EXPECT_EQ(loaded.form, form.name());
    EXPECT_EQ(logits(loaded, random_floats({1, 4, 32, 32}, 8)).shape(), (Shape{1, 3}));
  }
  Form thin{.network = Network::resnext50_32x4d};
  thin.widths = {.input = 3, .stem = 16, .stages = {64, 64, 128, 128}};
  EXPECT_EQ(load(filled_state(thin, 3)).form, thin.name());
}

// ---- new heads

struct NewHeadCase {
  const char* name;
  Form form;
  NewHead kind;
  Form want;
};
const Form kFastai{.network = Network::resnet18, .fastai_head = true};

TEST(NewHeads, OnEveryBody) {
  const NewHeadCase cases[] = {{"auto", kPlain, NewHead::as_in_file, kPlain},
                               {"auto", kFastai, NewHead::as_in_file, kFastai},
                               {"fastai", kPlain, NewHead::fastai, kFastai},
                               {"fastai", kFastai, NewHead::fastai, kFastai},
                               {"torchvision", kFastai, NewHead::torchvision, kPlain},
                               {"mobilenet", {Network::mobilenet_v2}, NewHead::as_in_file, {Network::mobilenet_v2}}};
  for (const NewHeadCase& c : cases) {
    const StateDict state = filled_state(c.form, 10);
    const LoadedModel loaded = model_with_new_head(state, c.form, "w.pth", c.kind, 3, 1);
    EXPECT_EQ(loaded.classes, 3) << c.name;
    EXPECT_EQ(loaded.form, c.want.name()) << c.name;
    ASSERT_EQ(loaded.notes.size(), 1u);
    EXPECT_NE(loaded.notes[0].find("must be trained"), std::string::npos);
    size_t same = 0;
    for (const auto& s : loaded.model->state())
      for (const StateEntry& e : state.entries())
        if (e.tensor.shape() == s.value.tensor().shape() && e.tensor.dim() == 4)
          same += test::bits_equal(e.tensor, s.value.tensor());
    EXPECT_GE(same, 20u) << c.name;  // the body's convolutions
    EXPECT_EQ(logits(loaded, kImages).shape(), (Shape{2, 3}));
  }
}

TEST(NewHeads, BeginAsNnLinearAndKeepTheLayersBefore) {
  StateDict state = without(filled_state(kPlain, 3), "fc.");
  const Tensor first = random_floats({16, 512}, 1);
  state.add({"fc.0.weight", first, {}});
  state.add({"fc.3.weight", random_floats({10, 16}, 2), {}});
  state.add({"fc.3.bias", random_floats({10}, 3), {}});
  const LoadedModel loaded = model_with_new_head(state, form_of(state, "w.pth"), "w.pth", NewHead::as_in_file, 4, 1);
  for (const auto& s : loaded.model->state()) {
    if (s.key == "fc.0.weight") {
      EXPECT_TRUE(test::bits_equal(s.value.tensor(), first));
    }
    if (!s.key.starts_with("fc.3.")) continue;
    float largest = 0;
    for (int64_t i = 0; i < s.value.tensor().numel(); ++i)
      largest = std::max(largest, std::fabs(s.value.tensor().data<float>()[i]));
    EXPECT_GT(largest, 0.05f) << s.key;
    EXPECT_LE(largest, 0.25f) << s.key;  // 1 / sqrt(16)
  }
}

TEST(NewHeads, OnABodyWithoutAHead) {
  const StateDict body = without(filled_state(kPlain, 3), "fc.");
  const Form form = form_of(body, "w.pth");
  EXPECT_FALSE(has_classifier(body, form));
  EXPECT_TRUE(test::fails_with([&] { load(body); }, {"missing key 'fc.weight'"}));
  EXPECT_EQ(model_with_new_head(body, form, "w.pth", NewHead::as_in_file, 4, 1).classes, 4);
}

TEST(NewHeads, FastaisIsForResNets) {
  const StateDict state = filled_state({Network::mobilenet_v2}, 10);
  EXPECT_TRUE(test::fails_with([&] { model_with_new_head(state, form_of(state, "w.pth"), "w.pth", NewHead::fastai, 3, 1); },
                               {"w.pth", "mobilenet_v2", "fastai's head is for ResNets", "--head auto"}));
}

// ---- load_state_dict

TEST(LoadStateDict, CountersOfAnyNumberAndShape) {
  StateDict state = filled_state(kPlain, 3);
  int n = 0;
  StateDict changed;
  for (const StateEntry& e : state.entries()) {
    if (!e.key.ends_with("num_batches_tracked")) {
      changed.add(e);
      continue;
    }
    const DType types[] = {DType::f32, DType::i32, DType::f64, DType::u8, DType::i16};
    const Tensor seven = Tensor::full({}, 7).to(types[n % 5]);
    changed.add({e.key, n % 2 ? seven : seven.reshape({1}), {}});
    ++n;
  }
  ASSERT_GT(n, 10);
  for (const auto& s : load(changed).model->state())
    if (s.key.ends_with("num_batches_tracked")) {
      EXPECT_EQ(*s.value.tensor().data<int64_t>(), 7) << s.key;
    }
}

class InAMember : public Module {
 public:
  InAMember() : net_(add<ResNet18>("net", 3)) {}

 protected:
  Value forward(const Value& x) override { return net_(x); }

 private:
  ResNet18& net_;
};

TEST(LoadStateDict, ANameBeforeAllKeysMayBeMissingInTheFile) {  // readers take it off
  const StateDict state = filled_state(kPlain, 3);
  InAMember model;
  load_state_dict(model, state, "w.pth");
  EXPECT_TRUE(test::bits_equal(model(Value(kImages)).tensor(), logits(load(state), kImages)));
  EXPECT_TRUE(
      test::fails_with([&] { load_state_dict(model, without(state, "fc.bias"), "w.pth"); }, {"missing key 'net.fc.bias'"}));
}

}  // namespace
}  // namespace octet::nn
