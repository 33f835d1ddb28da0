#include "nn/models/from_checkpoint.h"

#include "nn/models/resnet.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::nn {
namespace {

StateDict state_of(const Module& model) {
  StateDict state;
  for (const auto& s : model.state()) state.add({s.key, s.value.tensor().clone(), {}});
  return state;
}

StateDict without(const StateDict& state, const std::string& key) {
  StateDict rest;
  for (const StateEntry& e : state.entries())
    if (e.key != key) rest.add(e);
  return rest;
}

LoadedModel load(const StateDict& state, const std::string& source) {
  return model_from_checkpoint(state, form_of(state, source), source);
}

TEST(ResNet18, KeysAndParameters) {
  const ResNet18 model(1000);
  int64_t parameters = 0;
  for (const auto& s : model.parameters()) parameters += s.value.tensor().numel();
  EXPECT_EQ(parameters, 11689512);  // torchvision's documentation
  EXPECT_EQ(model.state().size(), 122u);
  EXPECT_EQ(model.state()[0].key, "conv1.weight");
  EXPECT_EQ(model.state().back().key, "fc.bias");
}

TEST(FromCheckpoint, FindsFormAndClasses) {
  EXPECT_EQ(load(state_of(ResNet18(37)), "a").classes, 37);
  const LoadedModel fastai = load(state_of(FastaiResNet18(10)), "a");
  EXPECT_EQ(fastai.classes, 10);
  EXPECT_EQ(fastai.form, "resnet18 with fastai's head");
}

TEST(Form, EveryNetworkIsFoundAgain) {
  for (const Network network :
       {Network::resnet18, Network::resnet34, Network::resnet50, Network::vgg11_bn, Network::mobilenet_v2})
    for (const bool fastai_head : {false, true}) {
      const Form form{network, fastai_head};
      if (fastai_head && !has_fastai_form(network)) {
        EXPECT_TRUE(test::fails_with([&] { make_model(form, 7); }, {"no form with fastai's head"}));
        continue;
      }
      const StateDict state = state_of(*make_model(form, 7));
      const Form found = form_of(state, "a");
      EXPECT_EQ(found.name(), form.name());
      EXPECT_EQ(classes_of(state, found, "a"), 7) << form.name();
    }
}

TEST(FromCheckpoint, ListsEveryProblem) {
  StateDict state = without(without(state_of(ResNet18(10)), "layer1.0.bn1.bias"), "conv1.weight");
  state.add({"conv1.weight", Tensor::zeros({64, 3, 3, 3}), {}});
  state.add({"extra.weight", Tensor::zeros({1}), {}});
  EXPECT_TRUE(test::fails_with(
      [&] { load(state, "w.pth"); },
      {"w.pth", "missing key 'layer1.0.bn1.bias'", "size mismatch for 'conv1.weight': file [64, 3, 3, 3], model [64, 3, 7, 7]",
       "unexpected key 'extra.weight'"}));
}

TEST(FromCheckpoint, AnotherNetwork) {
  StateDict state;
  state.add({"features.0.weight", Tensor::zeros({1}), {}});
  EXPECT_TRUE(test::fails_with([&] { load(state, "w.pth"); }, {"w.pth", "not a checkpoint of ResNet18", "features.0.weight"}));
  EXPECT_TRUE(test::fails_with([] { load({}, "w.pth"); }, {"w.pth", "0 keys"}));
}

TEST(FromCheckpoint, WrongTypeAndMissingCounter) {
  StateDict state = without(without(state_of(ResNet18(10)), "bn1.num_batches_tracked"), "bn1.bias");
  state.add({"bn1.bias", Tensor::zeros({64}, DType::i64), {}});
  EXPECT_TRUE(test::fails_with([&] { load(state, "w.pth"); }, {"type mismatch for 'bn1.bias': file int64, model float32"}));
}

TEST(FromCheckpoint, HalfPrecisionIsWidened) {
  StateDict half;
  const StateDict full = state_of(ResNet18(10));
  for (const StateEntry& e : full.entries())
    half.add({e.key, e.tensor.dtype() == DType::f32 ? e.tensor.to(DType::f16) : e.tensor, {}});
  for (const auto& s : load(half, "a").model->state()) EXPECT_NE(s.value.tensor().dtype(), DType::f16) << s.key;
}

TEST(FromCheckpoint, TorchvisionBodyUnderFastaisHead) {
  ResNet18 body(1000);
  for (const auto& s : body.state())
    if (s.key == "layer3.0.downsample.0.weight") Value(s.value).set(test::random_floats(s.value.tensor().shape(), 3));
  const LoadedModel loaded = fastai_model_from_checkpoint(state_of(body), {Network::resnet18}, "r18.pth", 10, 1);
  EXPECT_EQ(loaded.notes.size(), 1u);
  for (const auto& s : loaded.model->state()) {
    if (s.key == "0.6.0.downsample.0.weight") {
      EXPECT_TRUE(test::bits_equal(s.value.tensor(), test::random_floats(s.value.tensor().shape(), 3)));
    }
    if (s.key == "1.8.weight") {  // kaiming_normal: standard deviation sqrt(2 / 512)
      double squares = 0;
      for (int64_t i = 0; i < s.value.tensor().numel(); ++i) squares += std::pow(s.value.tensor().data<float>()[i], 2);
      EXPECT_NEAR(std::sqrt(squares / static_cast<double>(s.value.tensor().numel())), 0.0625, 0.003);
    }
  }
}

}  // namespace
}  // namespace octet::nn
