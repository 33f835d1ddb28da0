// A network that a file defines, from training to int8, as a user runs it; and its bad inputs.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "apps/common/output_paths.h"
#include "apps/train/start.h"
#include "apps/train/trainee.h"
#include "nn/graph_module.h"
#include "tests/apps/small_set.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace octet::test {
namespace {

const std::string kNetwork = golden_path("pt2/branches.pt2");  // 3 classes, 16 px

nn::LoadedModel start(const std::vector<std::string>& classes, const std::string& head = "auto") {
  return apps::start_of_training({.weights = kNetwork, .head = head, .data = {}}, classes, 1);
}

const Tensor& tensor_of(const nn::LoadedModel& loaded, const std::string& key) {
  for (const auto& s : loaded.model->state())
    if (s.key == key) return s.value.tensor();
  fail("no ", key);
}

TEST(OwnNetwork, KeepsItsLastLayerForAsManyClasses) {
  const nn::LoadedModel same = start({"a", "b", "c"}), other = start({"a", "b"});
  EXPECT_TRUE(same.notes.empty());
  ASSERT_EQ(other.notes.size(), 1u);
  EXPECT_NE(other.notes[0].find("gets a new head of 2 classes: it has 3 classes and the data 2"), std::string::npos);
  EXPECT_EQ(tensor_of(other, "head.3.weight").shape(), (Shape{2, 6}));
  EXPECT_TRUE(bits_equal(tensor_of(other, "stem.0.weight"), tensor_of(same, "stem.0.weight")));
  EXPECT_TRUE(fails_with([] { start({"a", "b"}, "fastai"); }, {kNetwork, "--head fastai is for octet's own networks"}));
}

TEST(OwnNetwork, LayerGroupsFollowTheOrder) {
  const auto group = apps::layer_group_of(*start({"a", "b", "c"}).model);
  EXPECT_EQ(group("stem.0.weight"), 0);
  EXPECT_EQ(group("stem.1.bias"), 0);
  EXPECT_EQ(group("side.weight"), 1);
  EXPECT_EQ(group("side.bn.weight"), 1);  // of quantization-aware training
  for (const char* key : {"head.0.weight", "head.1.running_mean", "head.3.bias"}) EXPECT_EQ(group(key), 2) << key;
}

/// Float and quantization-aware: train, evaluate, quantize, run; each program is told the network.
TEST(OwnNetwork, FromTrainingToInt8) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string data = " --quiet --data " + set.path(), network = " --network " + kNetwork;
  for (const std::string options : {"", " --qat"}) {
    const std::string weights = folder / "trained.pth", out = folder / "out";
    const Result trained = run("train_or_load --batch-size 4 --freeze-epochs 1 --epochs 1 --force --weights " + kNetwork +
                               options + data + " --output " + weights);
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    EXPECT_NE(trained.out.find(", at 16 px"), std::string::npos) << trained.out;  // the network's own size
    EXPECT_NE(trained.out.find(network), std::string::npos) << trained.out;       // says how to go on
    const std::string top1 = trained.out.substr(trained.out.find("top-1"), 14);
    const Result again = run("train_or_load --weights " + weights + network + data);
    EXPECT_NE(again.out.find(top1), std::string::npos) << again.out << again.err;
    ASSERT_EQ(run("quantize --force --export torch --weights " + weights + network + data + " --output " + out).exit_code, 0);
    const Result theirs = run("predict --model " + out + "/quantized.pth" + network + data);
    EXPECT_EQ(theirs.exit_code, 0) << theirs.err;
    EXPECT_EQ(run("predict --model " + out + "/model.safetensors" + data).exit_code, 0);
    EXPECT_EQ(run("predict --model " + weights + network + data).exit_code, 0);
    if (!options.empty()) continue;  // a training with fake quantization has chosen its observers
    EXPECT_EQ(run("compare_observers --limit 4 --weights " + weights + network + data).exit_code, 0);
  }
}

TEST(OwnNetwork, ItsObserversOnAPage) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string out = folder / "out";
  const std::string compare =
      "compare_observers --quiet --limit 4 --weights " + kNetwork + " --data " + set.path() + " --output " + out;
  const Result r = run(compare);
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const auto json = nlohmann::json::parse(read_text(out + "/observers.json"));
  const std::string page = read_text(out + "/observers.html");
  EXPECT_GE(json["rows"].size(), 10u);
  for (const auto& row : json["rows"]) {
    EXPECT_GT(row["sqnr"], 0) << row;
    EXPECT_THAT(page, testing::HasSubstr(">" + row["activations"].get<std::string>() + "</td>"));
    EXPECT_THAT(r.out, testing::HasSubstr("| " + row["activations"].get<std::string>() + " | " +
                                          row["weights"].get<std::string>() + " |"));
  }
  EXPECT_GE(json["values"].size(), 3u);
  for (const auto& value : json["values"]) {
    EXPECT_THAT(page, testing::HasSubstr("id=\"value-" + value["name"].get<std::string>() + "\""));
    EXPECT_EQ(value["choices"].size() * 2, json["rows"].size()) << value["name"];
    for (const auto& choice : value["choices"]) EXPECT_LT(choice["low"], choice["high"]) << value["name"] << choice;
  }
  for (const char* loads : {"http:", "https:", "@import", " src="}) EXPECT_EQ(page.find(loads), page.npos);
  for (const char* name : {"/observers.json", "/observers.html"}) EXPECT_TRUE(apps::written_by_octet(out + name)) << name;
  std::ofstream(out + "/observers.html") << "somebody's";
  EXPECT_TRUE(fails(run(compare), 2, {"observers.html is there, and octet has not written it"}));
}

TEST(OwnNetwork, WithoutConvolutions) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string network = golden_path("pt2/perceptron.pt2");
  const Result r = run("quantize --quiet --weights " + network + " --data " + set.path() +
                       "/val/n01440764 --export onnx,torch,c --output " + (folder / "out"));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  for (const char* part : {"layer fc1: QuantizedLinearReLU", "weight: qint8 [12, 768]", "12 of 12 outputs"})
    EXPECT_NE(r.out.find(part), std::string::npos) << part << "\n" << r.out;
}

TEST(OwnNetwork, TrainsOnFromItsWeights) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string command = "train_or_load --batch-size 4 --epochs 1 --quiet --data " + set.path() + " --output ";
  ASSERT_EQ(run(command + (folder / "a.pth") + " --weights " + kNetwork).exit_code, 0);
  const Result more = run(command + (folder / "b.pth") + " --network " + kNetwork + " --weights " + (folder / "a.pth"));
  ASSERT_EQ(more.exit_code, 0) << more.err;
  EXPECT_EQ(more.err.find("new head"), std::string::npos) << more.err;
}

TEST(OwnNetwork, BadInputs) {
  const SmallSet set;
  const std::string data = " --data " + set.path(), network = " --network " + kNetwork;
  EXPECT_TRUE(fails(run("quantize --weights " + kNetwork + network + data), 1,
                    {kNetwork, "this file is a network itself, leave it out"}));
  EXPECT_TRUE(fails(run("quantize --weights " + kWeights + network + data), 1, {kWeights, "missing key 'stem.0.weight'"}));
  EXPECT_TRUE(fails(run("quantize --weights " + kWeights + " --network " + kWeights + data), 1,
                    {kWeights, "expected a network (.pt2 of torch.export, or .onnx) for --network"}));
  EXPECT_TRUE(fails(run("train_or_load" + network + data), 2, {"--network", "--weights"}));
  EXPECT_TRUE(fails(run("train_or_load --weights " + kWeights + network + " --head fastai" + data), 2, {"--head"}));
  EXPECT_TRUE(fails(run("train_or_load --epochs 1 --weights " + kNetwork + data + " --output " + kNetwork), 2, {"--output"}));
}

}  // namespace
}  // namespace octet::test
