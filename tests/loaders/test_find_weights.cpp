// find_weights: where training scripts put the state_dict, what lies beside it, and whole models instead of weights.
#include "loaders/checkpoints/find_weights.h"

#include <gmock/gmock.h>

#include "checkpoints.h"
#include "tests/support/golden.h"

namespace octet::loaders {
namespace {

using namespace build;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kState = dict({{"conv1.weight", tensor()}, {"conv1.bias", tensor({.size = {2}})}});

/// A tensor of one element, as PyTorch's ImageNet example keeps best_acc1: of no dimension, or [1].
std::string number_tensor(bool scalar) {
  return tensor({.size = scalar ? std::vector<int64_t>{} : std::vector<int64_t>{1},
                 .stride = scalar ? std::vector<int64_t>{} : std::vector<int64_t>{1}});
}
std::string optimizer() {
  return dict({{"state", "}(" + number(0) + dict({{"exp_avg", tensor()}}) + "u"}, {"param_groups", list({})}});
}

void expect_found(const std::string& object, const std::vector<std::string>& in_note) {
  std::vector<std::string> notes;
  const StateDict state = load(checkpoint(object), &notes);
  ASSERT_EQ(state.entries().size(), 2u);
  EXPECT_TRUE(test::bits_equal(state.find("conv1.weight")->tensor, Tensor::from({1, 2, 3, 4}, {4})));
  EXPECT_TRUE(test::bits_equal(state.find("conv1.bias")->tensor, Tensor::from({1, 2}, {2})));
  ASSERT_EQ(notes.size(), 1u);
  for (const std::string& part : in_note) EXPECT_THAT(notes[0], HasSubstr(part));
}

TEST(FindWeights, NumbersBesideTheStateDict) {
  for (const bool scalar : {true, false})
    for (const char* name : {"state_dict", "model_state_dict", "model", "net", "network", "model_ema", "my_weights"})
      expect_found(dict({{"epoch", number(3)},
                         {"arch", text("resnet18")},
                         {name, kState},
                         {"best_acc1", number_tensor(scalar)},
                         {"optimizer", optimizer()}}),
                   {std::string("'") + name + "'", "'best_acc1'", "'optimizer'"});
}

TEST(FindWeights, WrappersInWrappersAndLists) {
  expect_found(dict({{"checkpoint", dict({{"state_dict", kState}, {"step", number_tensor(true)}})}}),
               {"'state_dict' in 'checkpoint'", "'step'"});
  expect_found(list({kState, number(5)}), {"'0'"});
  expect_found(dict({{"model", text("resnet18")}, {"weights", kState}}), {"'weights'", "'model'"});
  expect_found(dict({{"state_dict_ema", kState}, {"state_dict", kState}}),
               {"'state_dict'; left out beside them: 'state_dict_ema'"});
}

TEST(FindWeights, NumbersAmongTheWeights) {
  expect_found(dict({{"epoch", number(3)},
                     {"conv1.weight", tensor()},
                     {"conv1.bias", tensor({.size = {2}})},
                     {"optimizer", optimizer()},
                     {"best_acc1", real(0.5)}}),
               {"'epoch'", "'optimizer'", "'best_acc1'"});
}

TEST(FindWeights, WithAPrefixInOneNote) {
  expect_found(dict({{"epoch", number(3)},
                     {"state_dict", dict({{"module.conv1.weight", tensor()},
                                          {"n_averaged", number_tensor(true)},
                                          {"module.conv1.bias", tensor({.size = {2}})}})}}),
               {"under 'state_dict'", "'epoch'", "'module.'", "'n_averaged'"});
}

TEST(FindWeights, SeveralNetworksAreNamed) {
  EXPECT_TRUE(refused(checkpoint(dict({{"G", kState}, {"D", kState}})), {"2 dicts of tensors", "'G', 'D'", "one network's"}));
}

TEST(FindWeights, ManyDictsThatHoldEachOtherTakeNoTime) {
  std::string inner = dict({{"a", number(1)}});
  for (int level = 0; level < 4; ++level) {  // 200^4 paths
    std::string items = inner + "q" + static_cast<char>(level);
    std::string outer = "}(" + text("0") + items;
    for (int i = 1; i < 200; ++i) outer += text(std::to_string(i)) + "h" + static_cast<char>(level);
    inner = outer + "u";
  }
  EXPECT_TRUE(refused(checkpoint(inner), {"expected a tensor"}));
}

TEST(FindWeights, CountersOfAnyNumber) {
  const StateDict state = load(checkpoint(dict({{"bn.num_batches_tracked", number(7)}, {"bn.weight", tensor()}})));
  EXPECT_TRUE(test::bits_equal(state.find("bn.num_batches_tracked")->tensor, Tensor::from<int64_t>({7}, {}, DType::i64)));
}

TEST(FindWeights, TensorsOfTheFirstTorch) {  // _rebuild_tensor has no requires_grad and no hooks
  const std::string old = call(global("torch._utils", "_rebuild_tensor"),
                               tuple({storage("FloatStorage", "0", 4), number(1), numbers({3}), numbers({1})}));
  EXPECT_TRUE(test::bits_equal(load(checkpoint(dict({{"w", old}}))).find("w")->tensor, Tensor::from({2, 3, 4}, {3})));
}

// ---- whole models

std::string object(const std::string& module, const std::string& name) {
  return global(module, name) + ")\x81" + dict({{"training", "\x88"}}) + "b";
}

TEST(WholeModel, IsNamedWithTheCommandThatHelps) {
  const std::vector<std::string> command = {"whole pickled model", "save model.state_dict()", "python3 -c", "torch.load('"};
  const auto with = [&](std::vector<std::string> parts) {
    parts.insert(parts.end(), command.begin(), command.end());
    return parts;
  };
  EXPECT_TRUE(refused(checkpoint(object("torchvision.models.resnet", "ResNet")), with({"torchvision.models.resnet.ResNet"})));
  EXPECT_TRUE(refused(checkpoint(object("__main__", "Net")), with({"__main__.Net"})));
  EXPECT_TRUE(refused(checkpoint(dict({{"best_acc1", number_tensor(true)}, {"model", object("models.yolo", "Model")}})),
                      with({"'model'", "models.yolo.Model"})));
  const std::string graph = call(global("torch.fx.graph_module", "reduce_graph_module"), tuple({dict({}), text("import torch")}));
  EXPECT_TRUE(refused(checkpoint(graph), with({"torch.fx.graph_module"})));
  EXPECT_TRUE(refused(checkpoint(object("torch.nn.modules.container", "Sequential") + "\x8f"), command));  // an unknown opcode
  EXPECT_TRUE(refused(checkpoint(object("fastai.learner", "Learner")), {"fastai Learner", "load_learner"}));
}

TEST(WholeModel, ACallOfAnythingElseIsNoModel) {
  EXPECT_TRUE(refused(checkpoint(call(global("os", "system"), tuple({text("ls")}))), {"got object os.system"}));
}

TEST(PthGolden, WholeModelsOfTheRealPyTorch) {
  for (const char* name : {"whole_model", "graph_module", "model_in_dict"})
    EXPECT_TRUE(test::fails_with([&] { load_checkpoint(test::golden_path(std::string("loaders/") + name + ".pth")); },
                                 {name, "whole pickled model", "state_dict()"}))
        << name;
}

// ---- other formats

TEST(OtherFormats, AreNamedWithTheCommandThatHelps) {
  EXPECT_TRUE(
      refused(changed("m/archive_format", "pt2"), {"torch.export (.pt2)", "torch.export.load('", "state_dict, 'weights.pth'"}));
  EXPECT_TRUE(refused(zip({{"serialized_exported_program.json", "{}"}, {"version", "5"}}), {"torch.export"}));
  EXPECT_TRUE(refused(changed("m/constants.pkl", "x"), {"TorchScript", "torch.jit.load('", "weights.pth"}));
  EXPECT_TRUE(refused(zip({{"a.npy", "x"}}), {".npz", "state_dict()"}));
  EXPECT_TRUE(refused(zip({{"folder/resnet18.pth", "x"}}), {"unpack it first"}));
  EXPECT_TRUE(refused(std::string("\x08\x09\x12\x07pytorch"), {"ONNX", "state_dict()"}));
  EXPECT_TRUE(refused(std::string("\x08\x07:\x10graph"), {"ONNX"}));
  EXPECT_TRUE(refused(std::string("\x1c\0\0\0TFL3", 8), {"TensorFlow Lite"}));
  EXPECT_TRUE(refused("{\"weight_map\": {}}", {"JSON"}));
}

TEST(OtherFormats, AddressesAreNoFiles) {
  EXPECT_TRUE(test::fails_with([] { open_checkpoint("https://download.pytorch.org/models/resnet18-f37072fd.pth"); },
                               {"https://download.pytorch.org", "a URL, expected a file", "curl -LO"}));
}

}  // namespace
}  // namespace octet::loaders
