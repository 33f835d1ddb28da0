// What a model is for: to JSON and back, in .pth and safetensors, and what strangers may write into it.
#include "loaders/checkpoints/model_card.h"

#include <gtest/gtest.h>

#include "loaders/checkpoints/card_record.h"
#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/limits.h"
#include "tests/loaders/builders.h"

namespace octet::loaders {
namespace {

const ModelCard kCard = {.classes = {"coarse", "fine \x1b[31m\"", "größer"},
                         .input = {.size = 64,
                                   .rule = ResizeRule::torchvision,
                                   .resize_to = 72,
                                   .mean = {0.1f, 0.2f, 1.0f / 3},
                                   .deviation = {0.229f, 1e-3f, 2}}};

TEST(ModelCard, ReadsBackToTheSameBits) {
  EXPECT_EQ(card_from_json(to_json(kCard), "x"), kCard);
  EXPECT_EQ(card_from_json(to_json({}), "x"), ModelCard{});
  const ModelCard grey{.classes = {},
                       .input = {.size = 28, .rule = ResizeRule::squish, .mean = {0.1307f}, .deviation = {0.3081f}}};
  EXPECT_EQ(card_from_json(to_json(grey), "x"), grey);
}

TEST(ModelCard, IsOneLineThatAPersonCanRead) {
  EXPECT_EQ(to_json({.classes = {"a", "b"}, .input = {}}),
            R"({"version":1,"classes":["a","b"],"input":{"size":224,"channels":3,"resize":"fastai","interpolation":"bilinear",)"
            R"("mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225]}})");
}

TEST(ModelCard, NamesThatAreNoTextAreEscaped) {
  const ModelCard back = card_from_json(to_json({.classes = {"a\xff"}, .input = {}}), "x");
  EXPECT_EQ(back.classes, (std::vector<std::string>{"a\\xff"}));
}

StateDict one_tensor() {
  StateDict state;
  state.add({"fc.weight", Tensor::zeros({2, 2}), {}});
  return state;
}

TEST(ModelCard, TravelsInBothKindsOfCheckpoint) {
  const TemporaryFolder folder;
  save_pth(folder / "m.pth", one_tensor(), kCard);
  save_safetensors(folder / "m.safetensors", {one_tensor(), {{"format", "pt"}, {kCardKey, to_json(kCard)}}});
  for (const char* name : {"m.pth", "m.safetensors"}) {
    const Checkpoint file = open_checkpoint(folder / name);
    EXPECT_EQ(find_card(file.metadata, name), kCard) << name;
    EXPECT_TRUE(build::same(file.tensors, one_tensor())) << name;
    EXPECT_TRUE(file.notes.empty()) << name;
  }
  save_pth(folder / "none.pth", one_tensor());
  EXPECT_EQ(find_card(open_checkpoint(folder / "none.pth").metadata, "none.pth"), std::nullopt);
}

/// A JSON text with one part replaced.
std::string with(const std::string& part, const std::string& replacement) {
  std::string json = to_json({.classes = {"a", "b"}, .input = {}});
  const size_t at = json.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return json.replace(at, part.size(), replacement);
}

TEST(ModelCard, OfStrangersIsRefusedInOneLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not JSON"},
      {"[]", "expected an object"},
      {std::string(100, '['), "nested more than"},
      {"{}", "no \"version\""},
      {with("\"version\":1", "\"version\":2"), "version 2, expected 1"},
      {with("[\"a\",\"b\"]", "3"), "expected a list of names"},
      {with("\"b\"", "7"), "name of class 1 is no text"},
      {with("\"b\"", "\"" + std::string(2000, 'b') + "\""), "name of class 1 is longer than 1000 bytes"},
      {with("224", "1e9"), "\"size\" is 1000000000.0, expected a whole number"},
      {with("224", "-5"), "\"size\" is -5"},
      {with("224", "99999999999999999999"), "\"size\""},
      {with("224", "0"), "images of 0 px"},
      {with("\"channels\":3", "\"channels\":1"), "1 channels and mean of 3"},
      {with("\"fastai\"", "\"\\u001b[31m\""), "resize '\\x1b[31m', expected fastai"},
      {with("\"fastai\"", "\"torchvision\""), "no \"resize_to\""},
      {with("bilinear", "bicubic"), "interpolation 'bicubic', expected bilinear"},
      {with("[0.485,0.456,0.406]", "[0.485]"), "3 channels and mean of 1"},
      {with("[0.485,0.456,0.406]", "[1e300,0,0]"), "expected finite numbers"},
      {with("[0.485,0.456,0.406]", "[\"a\",0,0]"), "expected numbers"},
      {with("0.229", "0"), "std above 0"},
      {"{\"version\":1,\"input\":7}", "\"input\" is 7"}};
  for (const auto& [json, part] : cases) {
    EXPECT_TRUE(test::fails_with([&, text = json] { card_from_json(text, "m.pth: octet.card"); }, {"m.pth: octet.card", part}));
    EXPECT_TRUE(test::fails_with([&, text = json] { find_card({{kCardKey, text}}, "m.pth"); }, {"m.pth: octet.card: ", part}));
  }
  EXPECT_TRUE(test::fails_with([] { card_from_json(std::string(kMaxCardBytes + 1, ' '), "x"); }, {"at most"}));
}

TEST(CardRecord, DamageIsFound) {
  const TemporaryFolder folder;
  const std::string path = folder / "m.pth";
  save_pth(path, one_tensor(), kCard);
  std::string bytes = build::get(path);
  bytes[bytes.find("coarse")] = 'C';
  build::put(path, bytes);
  EXPECT_TRUE(test::fails_with([&] { open_checkpoint(path); }, {"m.pth: ", "octet.json", "CRC"}));
}

}  // namespace
}  // namespace octet::loaders
