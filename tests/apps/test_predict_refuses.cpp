// What predict refuses: models that are no classifiers, inputs without an answer, options without an effect.
#include <cmath>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/files/npy.h"
#include "nn/graph/ops/flatten.h"
#include "nn/graph/ops/max_pool2d.h"
#include "nn/graph/ops/relu.h"
#include "tests/apps/run.h"
#include "tests/apps/small_model.h"

namespace octet::test {
namespace {

const std::string kImage = kSample + "/val/n03888257/ILSVRC2012_val_00001440.JPEG";

/// A folder with model.safetensors of one op, and x.npy, [2, 3, 4, 4] of zeros except for what a test sets.
struct Small {
  TemporaryFolder folder;
  Tensor x = Tensor::zeros({2, 3, 4, 4});
  explicit Small(nn::Op op) { save_small_model(folder / "model.safetensors", std::move(op)); }

  std::string predict(const std::string& more = "") const {
    loaders::save_npy(folder / "x.npy", x);
    return "predict --model " + (folder / "model.safetensors") + " --input " + (folder / "x.npy") + " " + more;
  }
};

TEST(PredictModel, ThatIsNoClassifierTakesAndGivesTensors) {
  const Small images(nn::op::Relu{});
  const Result shown = run(images.predict());
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find(": float32 [2, 3, 4, 4] from 0 to 0"), std::string::npos) << shown.out;
  const std::string y = images.folder / "y.npy";
  EXPECT_EQ(run(images.predict("--output " + y)).exit_code, 0);
  EXPECT_EQ(loaders::load_npy(y).shape(), (Shape{2, 3, 4, 4}));
  EXPECT_TRUE(fails(run("predict --model " + (images.folder / "model.safetensors") + " " + kImage), 1,
                    {"model.safetensors on [1, 3, 224, 224]", "expected float32 [1, classes]", "give --input X.npy"}));
}

TEST(PredictModel, ThatCannotRunIsNamed) {
  const Small small(nn::op::MaxPool2d{{.kernel = 40, .stride = 1}});
  EXPECT_TRUE(fails(run(small.predict()), 1, {"model.safetensors on [2, 3, 4, 4]: ", "last"}));
  EXPECT_TRUE(fails(run("predict --benchmark 0.01 --model " + (small.folder / "model.safetensors") + " --size 32"), 1,
                    {"model.safetensors on [1, 3, 32, 32]: "}));
}

TEST(PredictModel, OfPyTorchWithANumberThatCannotBeIsNamed) {
  const TemporaryFolder folder;
  const std::string quantize = "quantize --quiet --limit 2 --eval-limit 2 --no-fake-quant --export torch --output ";
  ASSERT_EQ(run(quantize + (folder / "")).exit_code, 0);
  StateDict bad;
  const StateDict good = loaders::load_checkpoint(folder / "quantized.pth");
  for (const StateEntry& e : good.entries())
    bad.add(e.key == "0_0_input_scale_0" ? StateEntry{e.key, Tensor::from(std::vector<float>{-1}, e.tensor.shape()), {}} : e);
  loaders::save_pth(folder / "bad.pth", bad);
  EXPECT_TRUE(fails(run("predict --model " + (folder / "bad.pth") + " " + kImage), 1, {"bad.pth: ", "0_0_input_scale_0"}));
}

TEST(PredictInput, NanAndInfinityHaveNoClass) {
  Small small(nn::op::Flatten{});
  EXPECT_EQ(run(small.predict()).out, "class 0\nclass 0\n");
  small.x.data<float>()[3 * 16 + 1 * 16 + 2 * 4 + 3] = NAN;
  EXPECT_TRUE(fails(run(small.predict()), 1, {"x.npy: NaN at [1, 1, 2, 3]", "expected finite numbers"}));
  small.x.data<float>()[5] = -INFINITY;
  EXPECT_TRUE(fails(run(small.predict()), 1, {"x.npy: infinity at [0, 0, 1, 1]", "expected finite numbers"}));
  EXPECT_EQ(run(small.predict("--output " + (small.folder / "y.npy"))).exit_code, 0);
}

TEST(PredictInput, LogitsBeyondFloat32HaveNoClass) {
  const TemporaryFolder folder;
  Tensor x = Tensor::zeros({1, 3, 64, 64});
  for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = 3e38f;
  loaders::save_npy(folder / "x.npy", x);
  EXPECT_TRUE(
      fails(run("predict --model " + kWeights + " --input " + (folder / "x.npy")), 1, {kWeights + ": logits: ", " at ["}));
}

TEST(PredictOutput, IsNoneOfTheInputs) {
  const Small small(nn::op::Flatten{});
  const std::string model = read_text(small.folder / "model.safetensors");
  std::filesystem::create_symlink(small.folder / "x.npy", small.folder / "link.npy");
  for (const char* name : {"model.safetensors", "x.npy", "link.npy"})
    EXPECT_TRUE(fails(run(small.predict("--output " + (small.folder / name))), 2, {"--output: ", name, "is an input too"}));
  EXPECT_TRUE(model == read_text(small.folder / "model.safetensors"));
}

TEST(PredictUsage, OptionsWithoutEffectExitWith2) {
  const std::string predict = "predict --model x.pth ";
  for (const char* alone : {"--benchmark 1", "--tune"})
    for (const char* input : {"x.jpg", "--input x.npy"})
      EXPECT_TRUE(fails(run(predict + alone + " " + input), 2, {std::string(alone).substr(0, 6), "excludes"})) << alone << input;
  EXPECT_TRUE(fails(run(predict + "--tune --engine fbgemm"), 2, {"--tune excludes --engine"}));
  EXPECT_TRUE(fails(run(predict + "--input x.npy --top 2"), 2, {"--top", "images"}));
  EXPECT_TRUE(fails(run(predict + "--benchmark 1 --batch-size 2"), 2, {"--batch-size", "--input"}));
  for (const char* option : {"--size 64", "--resize squish", "--mean 0.5"})
    EXPECT_TRUE(fails(run(predict + "--input x.npy " + option), 2, {std::string(option).substr(0, 6), "images"})) << option;
  EXPECT_TRUE(fails(run(predict + "--split val x.jpg"), 2, {"--split", "--data"}));
  for (const char* option : {"--model", "--input", "--output", "--dump"})
    EXPECT_TRUE(fails(run(std::string("predict ") + option + " ''"), 2, {option, "expected a name"}));
}

TEST(PredictUsage, EngineIsForStateDicts) {
  const Small small(nn::op::Flatten{});
  for (const std::string& model : {kWeights, small.folder / "model.safetensors"})
    EXPECT_TRUE(fails(run("predict --engine fbgemm --model " + model + " " + kImage), 1, {model, "--engine", "leave it out"}));
  EXPECT_EQ(run(small.predict("--engine qnnpack")).exit_code, 0);  // which is its own
}

TEST(PredictModel, NumbersThatAreNoneAreRefused) {
  const Small small(nn::op::Flatten{});
  const std::string path = small.folder / "model.safetensors";
  loaders::SafeTensors file = loaders::load_safetensors(path);
  Tensor scale = file.tensors.find("conv.weight_scale")->tensor;
  scale.data<float>()[0] = INFINITY;
  loaders::save_safetensors(path, file);
  EXPECT_TRUE(fails(run(small.predict()), 1, {path, "'conv.weight_scale' has 1 NaN or infinite"}));
}

TEST(PredictNames, AreFitForATerminal) {
  const TemporaryFolder folder;
  const std::string image = folder / "red\x1b[31m\xff.jpg", in_shell = folder / "red*.jpg";
  std::filesystem::copy_file(kImage, image);
  const Result good = run("predict --top 1 --labels " + kData + "/imagenette-classes.txt --model " + kWeights + " " + in_shell);
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_NE(good.out.find("/red\\x1b[31m\\xff.jpg: parachute"), std::string::npos) << good.out;
  std::ofstream(image) << "no image";
  EXPECT_TRUE(fails(run("predict --model " + kWeights + " " + in_shell), 1, {"/red\\x1b[31m\\xff.jpg: not an image"}));
}

}  // namespace
}  // namespace octet::test
