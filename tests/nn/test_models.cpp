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

/// The model's own tensors: the large networks are not copied.
StateDict shared_state_of(const Module& model) {
  StateDict state;
  for (const auto& s : model.state()) state.add({s.key, s.value.tensor(), {}});
  return state;
}

TEST(Form, EveryNetworkIsFoundAgain) {
  using enum Network;
  for (const Network network :
       {resnet18,         resnet34,        resnet50,         resnet101, resnet152, resnext50_32x4d, resnext101_32x8d,
        resnext101_64x4d, wide_resnet50_2, wide_resnet101_2, vgg11,     vgg13,     vgg16,           vgg19,
        vgg11_bn,         vgg13_bn,        vgg16_bn,         vgg19_bn,  alexnet,   mobilenet_v2})
    for (const bool fastai_head : {false, true}) {
      const Form form{network, fastai_head};
      if (fastai_head && !has_fastai_form(network)) {
        EXPECT_TRUE(test::fails_with([&] { make_model(form, 7); }, {"no form with fastai's head"}));
        continue;
      }
      const auto model = make_model(form, 7);
      const StateDict state = shared_state_of(*model);
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

TEST(Form, ParametersAreTorchvisions) {  // as its documentation counts them
  using enum Network;
  for (const auto& [network, want] : {std::pair(resnext50_32x4d, 25028904),
                                      {wide_resnet50_2, 68883240},
                                      {resnet101, 44549160},
                                      {resnet152, 60192808},
                                      {resnext101_32x8d, 88791336},
                                      {resnext101_64x4d, 83455272},
                                      {wide_resnet101_2, 126886696},
                                      {alexnet, 61100840},
                                      {vgg11, 132863336},
                                      {vgg13, 133047848},
                                      {vgg16, 138357544},
                                      {vgg19, 143667240},
                                      {vgg16_bn, 138365992},
                                      {mobilenet_v2, 3504872}}) {
    int64_t parameters = 0;
    const auto model = make_model({network}, 1000);
    for (const auto& s : model->parameters()) parameters += s.value.tensor().numel();
    EXPECT_EQ(parameters, want) << Form{network}.name();
  }
}

TEST(Form, NetworksThatAreNotBuiltInAreCalledByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"features.denseblock1.denselayer1.norm1.weight", "DenseNet"},
      {"features.3.expand1x1.weight", "SqueezeNet"},
      {"inception3a.branch1.conv.weight", "GoogLeNet"},
      {"Mixed_5b.branch1x1.conv.weight", "Inception v3"},
      {"stage2.0.branch1.0.weight", "ShuffleNetV2"},
      {"trunk_output.block1.block1-0.proj.0.weight", "RegNet"},
      {"layers.8.0.layers.0.weight", "MNASNet"},
      {"features.1.0.block.0.0.weight", "EfficientNet of torchvision"},
      {"features.1.block.0.0.weight", "MobileNetV3"},
      {"features.1.0.layer_scale", "ConvNeXt"},
      {"encoder.layers.encoder_layer_0.self_attention.in_proj_weight", "Vision Transformer of torchvision"},
      {"features.1.0.attn.relative_position_bias_table", "Swin"},
      {"blocks.0.attn.qkv.weight", "Vision Transformer of timm"},
      {"conv_stem.weight", "timm"},
      {"22.dfl.conv.weight", "YOLO of ultralytics"},
      {"2.cv1.conv.weight", "YOLO"},
      {"layer1.0.se.fc1.weight", "squeeze-and-excitation"},
      {"layer1.0.shortcut.0.weight", "CIFAR"},
      {"backbone.conv1.weight", "around a backbone"},
      {"rpn.head.conv.0.0.weight", "detection"}};
  for (const auto& [key, name] : cases) {
    StateDict state;
    state.add({key, Tensor::zeros({1}), {}});
    EXPECT_TRUE(test::fails_with([&] { form_of(state, "w.pth"); },
                                 {"w.pth", "not a checkpoint of ResNet18", name, "docs/your-network.md"}))
        << key;
  }
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
