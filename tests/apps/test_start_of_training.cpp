// What a training begins with: a checkpoint's head where its classes are the data's, a new one where they are not.
#include "apps/train/start.h"

#include "loaders/checkpoints/model_card.h"
#include "loaders/checkpoints/safetensors.h"
#include "tests/apps/small_set.h"
#include "tests/support/compare.h"
#include "tests/support/training.h"

namespace octet::test {
namespace {

using Names = std::vector<std::string>;

/// A ResNet18 of three classes in a file, with names or without.
class StartOfTraining : public ::testing::Test {
 protected:
  StartOfTraining() {
    const auto model = nn::make_model({nn::Network::resnet18}, 3);
    fill_by_formula(*model);
    for (const auto& s : model->state()) file_.tensors.add({s.key, s.value.tensor().clone(), {}});
  }

  nn::LoadedModel start(const Names& classes, const std::string& head = "auto", const Names& named = {}) {
    if (!named.empty()) file_.metadata[loaders::kCardKey] = loaders::to_json({.classes = named});
    const std::string path = folder_ / "w.safetensors";
    save_safetensors(path, file_);
    return apps::start_of_training({.weights = path, .head = head, .data = {}}, classes, 1);
  }
  Tensor bias_of(const nn::LoadedModel& loaded) const {
    for (const auto& s : loaded.model->state())
      if (s.key == "fc.bias") return s.value.tensor();
    return {};
  }
  float bias(int64_t i) const { return file_.tensors.find("fc.bias")->tensor.data<float>()[i]; }

  TemporaryFolder folder_;
  loaders::SafeTensors file_;
};

bool says(const nn::LoadedModel& loaded, const std::string& text) {
  return std::ranges::any_of(loaded.notes, [&](const std::string& note) { return note.find(text) != note.npos; });
}

TEST_F(StartOfTraining, AsManyClassesWithoutNamesKeepTheHead) {
  const nn::LoadedModel loaded = start({"a", "b", "c"});
  EXPECT_TRUE(loaded.notes.empty());
  EXPECT_TRUE(bits_equal(bias_of(loaded), Tensor::from({bias(0), bias(1), bias(2)}, {3})));
}

TEST_F(StartOfTraining, NamesDecideTheOrder) {
  const nn::LoadedModel loaded = start({"apple", "pear", "plum"}, "auto", {"plum", "apple", "pear"});
  EXPECT_TRUE(bits_equal(bias_of(loaded), Tensor::from({bias(1), bias(2), bias(0)}, {3})));
  EXPECT_TRUE(says(loaded, "in another order"));
  EXPECT_TRUE(start({"plum", "apple", "pear"}).notes.empty());
}

TEST_F(StartOfTraining, OtherClassesGetANewHead) {
  const nn::LoadedModel two = start({"cat", "dog"});
  EXPECT_EQ(two.classes, 2);
  EXPECT_TRUE(says(two, "a new head of 2 classes: it has 3 classes and the data 2"));
  EXPECT_TRUE(says(two, "must be trained"));
  const nn::LoadedModel named = start({"apple", "pear", "fig"}, "auto", {"plum", "apple", "pear"});
  EXPECT_TRUE(says(named, "other names than the data's, such as 'plum'"));
  EXPECT_FALSE(bits_equal(bias_of(named), Tensor::from({bias(0), bias(1), bias(2)}, {3})));
}

TEST_F(StartOfTraining, TheFormOfTheHeadIsAskedFor) {
  EXPECT_EQ(start({"cat", "dog"}, "fastai").form, "resnet18 with fastai's head");
  EXPECT_EQ(start({"a", "b", "c"}, "torchvision").form, "resnet18");
  EXPECT_TRUE(start({"a", "b", "c"}, "torchvision").notes.empty());
  EXPECT_TRUE(says(start({"a", "b", "c"}, "fastai"), "--head fastai asks for one"));
}

TEST(MatchingOutputs, ByName) {
  EXPECT_EQ(apps::matching_outputs({"b", "a"}, {"a", "b"}), (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(apps::matching_outputs({"tench", "parachute"}, {"n03888257", "n01440764"}), (std::vector<int64_t>{1, 0}));
  EXPECT_TRUE(apps::matching_outputs({"b", "a"}, {"a", "c"}).empty());
  EXPECT_TRUE(apps::matching_outputs({"b", "a"}, {"a", "a"}).empty());
}

TEST(FineTuning, FromTheShippedCheckpointInOneCommand) {
  const SmallSet set;  // two classes; the checkpoint has ten
  const TemporaryFolder folder;
  for (const auto& [head, form] : {std::pair("auto", "resnet18 with fastai's head, 2 classes"),
                                   {"fastai", "resnet18 with fastai's head, 2 classes"},
                                   {"torchvision", "resnet18, 2 classes"}}) {
    const std::string output = folder / (std::string(head) + ".pth");
    const Result r =
        run(train_command(set, output, "--epochs 1 --freeze-epochs 1 --head " + std::string(head) + " --weights " + kWeights));
    ASSERT_EQ(r.exit_code, 0) << r.err;
    EXPECT_NE(r.err.find("a new head of 2 classes"), std::string::npos) << r.err;
    EXPECT_NE(r.out.find(form), std::string::npos) << r.out;
    EXPECT_EQ(run("train_or_load --quiet --weights " + output + " --data " + set.path()).exit_code, 0);
  }
}

}  // namespace
}  // namespace octet::test
