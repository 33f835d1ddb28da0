// A model knows what it is for: names of classes, size of images and how they are normalised go with it from program to program.
#include <nlohmann/json.hpp>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/checkpoints/safetensors.h"
#include "nn/init.h"
#include "nn/models/resnet.h"
#include "tests/apps/small_set.h"
#include "tests/apps/stripes.h"
#include "tests/support/compare.h"

namespace octet::test {
namespace {

::testing::AssertionResult has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no '" << part << "' in: " << text;
}

/// A ResNet18 whose weights are random, as another program would have saved it: without a card.
void save_random_model(const std::string& path, int64_t classes, const std::optional<loaders::ModelCard>& card = {}) {
  nn::ResNet18 model(classes);
  Generator generator(0);
  nn::init::initialise(model, generator);
  StateDict state;
  for (const nn::Module::State& s : model.state()) state.add({s.key, s.value.tensor(), {}});
  loaders::save_pth(path, state, card);
}

const std::string kImage = kSample + "/val/n03888257/ILSVRC2012_val_00001440.JPEG";

TEST(ModelCard, OneSizeAndTheNamesFromTrainingToTheExports) {
  const Stripes set;
  const TemporaryFolder folder;
  const std::string weights = folder / "s.pth", data = " --data " + set.path();
  const Result trained =
      run("train_or_load --quiet --epochs 6 --size 96,64 --batch-size 16 --min-scale 0.9 --output " + weights + data);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::string all_right = "top-1 100.00 % (20 of 20 images of " + set.path() + ", split val, at 64 px)";
  EXPECT_TRUE(has(trained.out, all_right));

  const Result evaluated = run("train_or_load --quiet --weights " + weights + data);
  EXPECT_TRUE(has(evaluated.out, all_right));
  EXPECT_TRUE(has(evaluated.out,
                  "images of 64 px, resize fastai, mean 0.485 0.456 0.406, std 0.229 0.224 0.225; 2 classes: coarse, "
                  "fine (as the model says)"));
  const Result large = run("train_or_load --quiet --size 224 --weights " + weights + data);
  EXPECT_TRUE(has(large.out, "(as the model says, except for --size)"));
  EXPECT_TRUE(has(large.out, "at 224 px)"));

  const Result quantized =
      run("quantize --quiet --weights " + weights + data + " --export torch,onnx,c --output " + (folder / "out"));
  ASSERT_EQ(quantized.exit_code, 0) << quantized.err;
  EXPECT_TRUE(has(quantized.out, "float       100.00 %"));
  EXPECT_TRUE(has(quantized.out, "int8        100.00 %"));
  EXPECT_TRUE(has(quantized.out, "requantize: 65536 of 65536 outputs"));  // 64 channels of 32 x 32
  const auto card = loaders::read_card(weights);
  ASSERT_TRUE(card);
  EXPECT_EQ(card->classes, (std::vector<std::string>{"coarse", "fine"}));
  EXPECT_EQ(card->input, loaders::ImageTransform{.size = 64});
  EXPECT_EQ(loaders::read_card(folder / "out/model.safetensors"), card);
  EXPECT_EQ(loaders::read_card(folder / "out/quantized.pth"), card);
  const auto report = nlohmann::json::parse(read_text(folder / "out/report.json"));
  EXPECT_EQ(report["model"], nlohmann::json::parse(loaders::to_json(*card)));
  EXPECT_TRUE(has(read_text(folder / "out/model.onnx"), loaders::to_json(*card)));
  EXPECT_TRUE(has(read_text(folder / "out/model.h"), "#define octet_image_size 64\n"));
  EXPECT_TRUE(has(read_text(folder / "out/model.h"), "octet_class_names[2] = {\n  \"coarse\",\n  \"fine\",\n};"));

  for (const char* model : {"s.pth", "out/model.safetensors", "out/quantized.pth"}) {
    const Result p = run("predict --top 1 --model " + (folder / model) + " " + (set / "val/fine/3.png"));
    EXPECT_TRUE(has(p.out, "val/fine/3.png: fine ")) << model << p.err;
    EXPECT_TRUE(has(p.err, "images of 64 px")) << model;
  }
}

TEST(ModelCard, FineTuningKeepsTheSizeAndTakesTheNewNames) {
  const Stripes set;
  const TemporaryFolder folder;
  const loaders::ModelCard card{.classes = {"a", "b"},
                                .input = {.size = 32, .rule = loaders::ResizeRule::squish, .mean = {0.5f, 0.5f, 0.5f}}};
  save_random_model(folder / "a.pth", 2, card);
  const Result r = run("train_or_load --quiet --epochs 1 --batch-size 16 --weights " + (folder / "a.pth") + " --output " +
                       (folder / "b.safetensors") + " --data " + set.path());
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(has(r.out, "split val, at 32 px)"));
  const auto tuned = loaders::read_card(folder / "b.safetensors");
  ASSERT_TRUE(tuned);
  EXPECT_EQ(tuned->classes, (std::vector<std::string>{"coarse", "fine"}));
  EXPECT_EQ(tuned->input, card.input);
}

TEST(ModelCard, WithoutOneClassesHaveNumbers) {
  const TemporaryFolder folder;
  save_random_model(folder / "digits.pth", 10);
  const Result plain = run("predict --top 10 --model " + (folder / "digits.pth") + " " + kImage);
  EXPECT_EQ(plain.exit_code, 0) << plain.err;
  EXPECT_TRUE(has(plain.out, "class 3 "));
  for (const char* name : {"tench", "chain saw", "gas pump"}) EXPECT_FALSE(has(plain.out, name));
  EXPECT_TRUE(has(plain.err, "10 classes without names (the defaults, because the model does not say)"));

  std::ofstream(folder / "names.txt") << "zero\r\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n\x1b[31mnine\n\n";
  const std::string labels = " --labels " + (folder / "names.txt") + " ";
  const Result named = run("predict --top 10 --model " + (folder / "digits.pth") + labels + kImage);
  for (const char* name : {"zero ", "three ", "\\x1b[31mnine "}) EXPECT_TRUE(has(named.out, name));
  std::ofstream(folder / "names.txt") << "zero\none\n";
  EXPECT_TRUE(fails(run("predict --model " + (folder / "digits.pth") + labels + kImage), 1,
                    {"names.txt: 2 names, and the model has 10 classes"}));
}

TEST(ModelCard, OptionsOverrule) {
  const TemporaryFolder folder;
  save_random_model(folder / "m.pth", 3,
                    loaders::ModelCard{.classes = {"a", "b", "c"}, .input = {.rule = loaders::ResizeRule::torchvision}});
  const std::string predict = "predict --model " + (folder / "m.pth") + " " + kImage + " ";
  EXPECT_TRUE(has(run(predict).err, "images of 224 px, resize torchvision:256, "));
  EXPECT_TRUE(has(run(predict + "--size 112").err, "images of 112 px, resize torchvision:128, "));  // in proportion
  const Result r = run(predict + "--size 64 --resize torchvision:73 --mean 0.5 --std 0.25,0.5,1");
  EXPECT_TRUE(has(r.err,
                  "images of 64 px, resize torchvision:73, mean 0.5 0.5 0.5, std 0.25 0.5 1; 3 classes: a, b, c "
                  "(as the model says, except for --size, --resize, --mean, --std)"));
  EXPECT_NE(r.out, run(predict).out);
  EXPECT_TRUE(fails(run(predict + "--resize torchvision:100"), 1, {"m.pth: resized to 100 px before the centre of 224"}));
  EXPECT_TRUE(fails(run(predict + "--resize nearest"), 2, {"--resize", "expected fastai, squish, torchvision"}));
  EXPECT_TRUE(fails(run(predict + "--mean 0.5,x"), 2, {"--mean", "'0.5,x'", "expected numbers"}));
  EXPECT_TRUE(fails(run(predict + "--mean 0.5,0.5"), 1, {"m.pth: ", "mean has 2 numbers"}));
  EXPECT_TRUE(fails(run(predict + "--std 0"), 1, {"m.pth: ", "std above 0"}));
}

TEST(ModelCard, OfAStrangerIsRefusedWhereItContradictsTheModel) {
  const TemporaryFolder folder;
  save_random_model(folder / "m.pth", 3, loaders::ModelCard{.classes = {"a", "b"}, .input = {}});
  EXPECT_TRUE(
      fails(run("predict --model " + (folder / "m.pth") + " " + kImage), 1, {"m.pth: octet.card has 2 names", "3 classes"}));
  save_random_model(folder / "m.pth", 3, loaders::ModelCard{.classes = {}, .input = {.mean = {0}, .deviation = {1}}});
  EXPECT_TRUE(fails(run("predict --model " + (folder / "m.pth") + " " + kImage), 1,
                    {"m.pth: octet.card says 1 channels, and the network takes 3"}));
}

TEST(ModelCard, NamesDecideWhichOutputIsWhichClass) {
  const SmallSet set;  // n01440764, n03888257
  const TemporaryFolder folder;
  loaders::SafeTensors file{loaders::load_checkpoint(kWeights), {}};
  const loaders::ModelCard names{.classes = {"tench", "English springer", "cassette player", "chain saw", "church", "French horn",
                                             "garbage truck", "gas pump", "golf ball", "parachute"},
                                 .input = {}};
  file.metadata[loaders::kCardKey] = loaders::to_json(names);
  loaders::save_safetensors(folder / "named.safetensors", file);
  const std::string evaluate = "train_or_load --quiet --data " + set.path() + " --weights ";
  const Result two_of_ten = run(evaluate + (folder / "named.safetensors"));
  ASSERT_EQ(two_of_ten.exit_code, 0) << two_of_ten.err;
  double accuracy = 0;
  std::sscanf(two_of_ten.out.c_str() + two_of_ten.out.find("top-1 "), "top-1 %lf", &accuracy);
  EXPECT_GT(accuracy, 70) << two_of_ten.out;
  EXPECT_TRUE(fails(run(evaluate + kWeights), 1, {"the model has 10 classes and the data 2"}));
  fs::rename(set.path() + "/val/n03888257", set.path() + "/val/kite");
  fs::rename(set.path() + "/train/n03888257", set.path() + "/train/kite");
  EXPECT_TRUE(fails(run(evaluate + (folder / "named.safetensors")), 1, {"class 'kite' of the data is none of the model's 10"}));
}

TEST(ModelCard, OfImagenettesDataHasImagenettesNames) {
  const TemporaryFolder folder;
  ASSERT_EQ(run("quantize --quiet --limit 4 --eval-limit 2 --no-fake-quant --output " + (folder / "")).exit_code, 0);
  const Result r = run("predict --top 1 --model " + (folder / "model.safetensors") + " " + kImage);
  EXPECT_TRUE(has(r.out, "1440.JPEG: parachute ")) << r.err;
}

}  // namespace
}  // namespace octet::test
