// weight_keys: which prefix all weights share and which names belong to no weight; the same for .pth and .safetensors.
#include "loaders/checkpoints/weight_keys.h"

#include <gmock/gmock.h>

#include "checkpoints.h"
#include "loaders/checkpoints/safetensors.h"

namespace octet::loaders {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Names = std::vector<std::string>;

/// What is left of the names.
Names keys_of(const Names& names) {
  const WeightKeys keys = weight_keys(names);
  Names left;
  for (const std::string& name : names)
    if (const auto key = keys.key_of(name)) left.push_back(*key);
  return left;
}

TEST(WeightKeys, WrappersAndTheirChains) {
  for (const char* prefix :
       {"", "module.", "_orig_mod.", "model.", "net.", "backbone.", "module._orig_mod.", "_orig_mod.module.model.",
        "module.module.", "model.net.backbone.", "state_dict.module.", "_forward_module.model.", "ema."}) {
    const std::string p = prefix;
    EXPECT_EQ(keys_of({p + "conv1.weight", p + "fc.bias"}), (Names{"conv1.weight", "fc.bias"})) << p;
    EXPECT_EQ(weight_keys({p + "conv1.weight", p + "fc.bias"}).prefix(), p);
  }
}

TEST(WeightKeys, AnyNameBeforeANetworkThatOctetHas) {
  EXPECT_EQ(keys_of({"my_cnn.conv1.weight", "my_cnn.fc.bias"}), (Names{"conv1.weight", "fc.bias"}));
  EXPECT_EQ(keys_of({"vgg.features.0.weight", "vgg.classifier.6.bias"}), (Names{"features.0.weight", "classifier.6.bias"}));
  EXPECT_EQ(keys_of({"my_cnn.stem.weight", "my_cnn.fc.bias"}), (Names{"my_cnn.stem.weight", "my_cnn.fc.bias"}));
}

TEST(WeightKeys, OnlyWhereEveryWeightHasIt) {
  for (const Names& names : {Names{"module.w", "v"}, Names{"backbone.conv1.weight", "classifier.weight"},
                             Names{"features.0.weight", "features.1.weight"}, Names{"module", "module.w"}, Names{"net."}})
    EXPECT_EQ(keys_of(names), names) << names[0];
}

TEST(WeightKeys, WhatStandsBesideTheWeights) {
  EXPECT_EQ(keys_of({"n_averaged", "module.conv1.weight"}), Names{"conv1.weight"});
  EXPECT_EQ(keys_of({"module.n_averaged", "module.module.conv1.weight"}), Names{"conv1.weight"});
  EXPECT_EQ(keys_of({"best_acc1", "epoch", "conv1.weight", "optimizer.state.0.step"}), Names{"conv1.weight"});
  EXPECT_EQ(keys_of({"model.conv1.weight", "model_ema.conv1.weight", "criterion.weight"}), Names{"conv1.weight"});
  EXPECT_EQ(keys_of({"total_ops", "conv1.weight", "conv1.total_params"}), Names{"conv1.weight"});
  EXPECT_EQ(keys_of({"criterion.weight", "scale"}), (Names{"criterion.weight", "scale"}));  // a network may call a layer so
}

TEST(WeightKeys, StubsOfAQuantizedModelStandOutside) {
  EXPECT_EQ(keys_of({"quant.scale", "quant.zero_point", "module.conv1.weight"}),
            (Names{"quant.scale", "quant.zero_point", "conv1.weight"}));
}

TEST(WeightKeys, RemarkNamesAll) {
  EXPECT_EQ(weight_keys({"w"}).remark(), "");
  EXPECT_EQ(weight_keys({"n_averaged", "module.model.w"}).remark(),
            "took the prefix 'module.model.' off every key; left out beside the weights: 'n_averaged'");
  Names many;
  for (int i = 0; i < 9; ++i) many.push_back("best_" + std::to_string(i));
  EXPECT_THAT(weight_keys(many).remark(), HasSubstr("'best_5', ..., 9 in all"));
  EXPECT_THAT(weight_keys({"best_\n"}).remark(), HasSubstr("'best_\\x0a'"));
}

TEST(WeightKeys, TheSameInBothFormats) {
  const Names names = {"epoch", "module.model.w", "module.model.v", "n_averaged"};
  std::vector<std::pair<std::string, std::string>> items;
  SafeTensors file;
  for (const std::string& name : names) {
    items.emplace_back(name, build::tensor());
    file.tensors.add({name, Tensor::from({1, 2, 3, 4}, {4}), {}});
  }
  const TemporaryFolder folder;
  build::put(folder / "c.pth", build::checkpoint(build::dict(items)));
  save_safetensors(folder / "c.safetensors", file);
  for (const char* name : {"c.pth", "c.safetensors"}) {
    const Checkpoint checkpoint = open_checkpoint(folder / name);
    ASSERT_EQ(checkpoint.tensors.entries().size(), 2u) << name;
    EXPECT_TRUE(test::bits_equal(checkpoint.tensors.find("w")->tensor, Tensor::from({1, 2, 3, 4}, {4})));
    EXPECT_NE(checkpoint.tensors.find("v"), nullptr);
    EXPECT_THAT(checkpoint.notes, ElementsAre(AllOf(HasSubstr(name), HasSubstr("'module.model.'"), HasSubstr("'n_averaged'"))));
  }
}

TEST(WeightKeys, OctetsOwnFilesKeepTheirNames) {
  SafeTensors file;
  file.tensors.add({"model.w", Tensor::zeros({1}), {}});
  const TemporaryFolder folder;
  for (const auto& [key, value] : {std::pair("format", "octet-int8-1"), std::pair("octet.training", "{}")}) {
    file.metadata = {{key, value}};
    save_safetensors(folder / "c.safetensors", file);
    EXPECT_NE(open_checkpoint(folder / "c.safetensors").tensors.find("model.w"), nullptr) << key;
  }
}

}  // namespace
}  // namespace octet::loaders
