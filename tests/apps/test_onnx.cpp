// Networks of ONNX in the programs: what predict, quantize, compare_observers and train_or_load make of them, beside the .pt2 of the
// same network.
#include <gtest/gtest.h>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/model_card.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/npy.h"
#include "networks/pt2/to_graph.h"
#include "quant/formats/to_onnx.h"
#include "tests/apps/small_set.h"
#include "tests/networks/onnx_file.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/make.h"

namespace octet::test {
namespace {

/// The network of pt2/branches.pt2 as an .onnx file with a card, and images for it.
struct Branches {
  TemporaryFolder folder;
  std::string pt2 = golden_path("pt2/branches.pt2"), onnx = folder / "net.onnx", input = folder / "x.npy";
  loaders::ModelCard card{{"one", "two", "three"}, {.size = 16, .mean = {0.5f, 0.5f, 0.5f}, .deviation = {0.25f, 0.25f, 0.25f}}};

  Branches() {
    const nn::Graph graph = networks::to_graph(networks::read_pt2(loaders::File(pt2)));
    std::ofstream(onnx, std::ios::binary) << quant::to_onnx(graph, {3, 16, 16}, {{loaders::kCardKey, loaders::to_json(card)}});
    loaders::save_npy(input, random_floats({8, 3, 16, 16}, 1));
  }
  /// What a program answers for the images.
  Tensor answer(const std::string& model, const std::string& name) const {
    const Result r = octet::test::run("predict --model " + model + " --input " + input + " --output " + (folder / name));
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return loaders::load_npy(folder / name);
  }
  std::string quantized(const std::string& network, const std::string& name, const std::string& options = "") const {
    const Result r =
        run("quantize --weights " + network + " --input " + input + " --output " + (folder / name) + " --export onnx" + options);
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return folder / name;
  }
};

TEST(OnnxPrograms, AnswersAreThoseOfThePt2) {
  const Branches net;
  EXPECT_TRUE(all_close(net.answer(net.onnx, "a.npy"), net.answer(net.pt2, "b.npy")));
  const std::string a = net.quantized(net.onnx, "a"), b = net.quantized(net.pt2, "b");
  EXPECT_TRUE(bits_equal(net.answer(a + "/model.safetensors", "c.npy"), net.answer(b + "/model.safetensors", "d.npy")));
}

TEST(OnnxPrograms, TheCardIsReadBack) {
  const Branches net;
  const Result r = run("predict --model " + net.onnx + " " + kSample + "/val/n01440764");
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.err.find("images of 16 px"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("3 classes: one, two, three (as the model says)"), std::string::npos) << r.err;
}

TEST(OnnxPrograms, AnInt8ModelGivesTheAnswersOfItsModelFile) {
  const Branches net;
  std::string out;
  for (const std::string backend : {"qnnpack", "x86", "onednn"}) {
    out = net.quantized(net.pt2, backend, " --backend " + backend);
    EXPECT_TRUE(bits_equal(net.answer(out + "/model.onnx", backend + "_a.npy"),
                           net.answer(out + "/model.safetensors", backend + "_b.npy")));
  }
  EXPECT_TRUE(
      fails(run("quantize --weights " + out + "/model.onnx"), 1,
            {"model.onnx: this is an ONNX model that is int8 already, expected a float checkpoint", "run it with predict"}));
}

TEST(OnnxPrograms, AnInt8ModelOfOthersRunsWithAnyEngine) {
  const Branches net;
  OnnxFile file({-1, 3, 16, 16});
  file.tensor("s", Tensor::full({}, 0.02f))
      .tensor("z", Tensor::full({}, 128).to(DType::u8))
      .node("QuantizeLinear", {"x", "s", "z"}, "q");
  file.node("DequantizeLinear", {"q", "s", "z"}, "r").node("GlobalAveragePool", {"r"}, "p").node("Flatten", {"p"}, "y");
  file.write(file.bytes());
  const std::string predict =
      "predict --model " + file.path() + " --input " + net.input + " --output " + (net.folder / "y.npy") + " --force";
  const Result own = run(predict), other = run(predict + " --engine qnnpack");
  EXPECT_EQ(own.exit_code, 0) << own.err;
  EXPECT_NE(own.err.find("net.onnx does not say which engine it was made for: rounding as fbgemm does"), std::string::npos)
      << own.err;
  EXPECT_NE(own.err.find("net.onnx: in float, between codes: p (AdaptiveAvgPool2d)"), std::string::npos) << own.err;
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_EQ(other.err.find("does not say"), std::string::npos) << other.err;
}

TEST(OnnxPrograms, DamagedFilesAndLacksAreNamed) {
  const OnnxFile file({-1, 3, 16, 16});
  file.write("not a model");
  EXPECT_TRUE(fails(run("predict --model " + file.path() + " x.jpg"), 1, {"net.onnx: at byte "}));
  file.write(OnnxFile({-1, 3, 16, 16}).node("LRN", {"x"}, "y", {}, "norm").bytes());
  EXPECT_TRUE(fails(run("quantize --weights " + file.path()), 1, {"net.onnx: octet lacks LRN, 1 node: 'norm'"}));
}

/// The card goes along, and the state_dict that comes out belongs to the file's network.
TEST(OnnxPrograms, TheyAreTrained) {
  const Branches net;
  const SmallSet set;
  const std::string weights = net.folder / "trained.pth", data = " --quiet --data " + set.path();
  const Result r = run("train_or_load --batch-size 4 --epochs 1 --weights " + net.onnx + data + " --output " + weights);
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.out.find(", at 16 px"), std::string::npos) << r.out;
  EXPECT_EQ(loaders::read_card(weights)->input.mean, net.card.input.mean);
  const Result int8 = run("quantize --network " + net.onnx + " --weights " + weights + data);
  EXPECT_EQ(int8.exit_code, 0) << int8.err;

  StateDict plain;  // as PyTorch would save it: without a card, so the network's serves
  const StateDict trained = loaders::load_checkpoint(weights);
  for (const StateEntry& e : trained.entries()) plain.add({e.key, e.tensor, {}});
  const std::string bare = net.folder / "bare.safetensors";
  loaders::save_safetensors(bare, {plain, {}});
  const Result evaluated = run("train_or_load --network " + net.onnx + " --weights " + bare + " --data " + set.path());
  EXPECT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_NE(evaluated.out.find("mean 0.5 0.5 0.5"), std::string::npos) << evaluated.out;
}

}  // namespace
}  // namespace octet::test
