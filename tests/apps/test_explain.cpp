// The program explain, the page that quantize writes, and its dump of all stages.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "loaders/files/npy.h"
#include "tests/apps/run.h"
#include "tests/support/compare.h"

namespace octet::test {
namespace {

const std::string kImage = kSample + "/val/n03888257/ILSVRC2012_val_00001440.JPEG";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Explained : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new TemporaryFolder;
    const Result q = run("quantize --quiet --subset spread --limit 20 --eval-limit 20 --batch-size 5 --size 96 --image " +
                         kImage + " --output " + (*folder / "out") + " --dump " + (*folder / "stages"));
    ASSERT_EQ(q.exit_code, 0) << q.err;
  }
  static void TearDownTestSuite() { delete folder; }
  static std::string explain() { return "explain --model " + (*folder / "out/model.safetensors") + " --image " + kImage + " "; }
  static TemporaryFolder* folder;
};
TemporaryFolder* Explained::folder = nullptr;

TEST_F(Explained, OneOutput) {
  const Result r = run(explain() + "--node 0.4.0.conv1 --at 5,3,7");
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(contains(r.out, "sum of 576 products: acc = ")) << r.out;
  EXPECT_TRUE(contains(r.out, ", equal\n")) << r.out;
  EXPECT_EQ(std::ranges::count(r.out, '\n'), 5 + 576 + 9) << r.out;
  const Result cut = run(explain() + "--node 0.4.0.conv1 --at 5,3,7 --terms 10");
  EXPECT_TRUE(contains(cut.out, "  ... ")) << cut.out;
  EXPECT_LT(std::ranges::count(cut.out, '\n'), 30);
}

TEST_F(Explained, AllOutputs) {
  const Result r = run(explain() + "--all");
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(contains(r.out, " outputs are those of their definitions\n")) << r.out;
  EXPECT_TRUE(contains(r.out, "winograd")) << r.out;
  EXPECT_TRUE(contains(r.out, "fused")) << r.out;
}

TEST_F(Explained, WhatCannotBeIsRefused) {
  EXPECT_TRUE(fails(run(explain() + "--node 0.4.0.conv --at 0,0,0"), 1, {"no node is called '0.4.0.conv'", "the nearest"}));
  EXPECT_TRUE(fails(run(explain() + "--node _0_0 --at 64,0,0"), 1, {"is not in the result of an image, [64, 48, 48]"}));
  EXPECT_TRUE(
      fails(run("explain --all --model " + kWeights + " --image " + kImage), 1, {"a float model has no codes to explain"}));
  EXPECT_EQ(run(explain()).exit_code, 2);
  EXPECT_EQ(run(explain() + "--node _0_0").exit_code, 2);
  EXPECT_EQ(run(explain() + "--node _0_0 --at 0,x,0").exit_code, 2);
  EXPECT_EQ(run("explain --all --model " + (*folder / "out/model.safetensors")).exit_code, 2);
}

TEST_F(Explained, ThePageHasEveryNodeAndLoadsNothing) {
  const auto report = nlohmann::json::parse(read_text(*folder / "out/report.json"));
  const std::string page = read_text(*folder / "out/report.html");
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  ASSERT_EQ(report["nodes"].size(), 40u);
  for (const auto& node : report["nodes"]) {
    const std::string name = node["name"];
    EXPECT_TRUE(contains(page, "id=\"node-" + name + "\"")) << name;
    EXPECT_TRUE(contains(page, "href=\"#node-" + name + "\"")) << name;
    EXPECT_GT(node["cumulative"]["sqnr"], 5) << name;
    EXPECT_GT(node["cumulative"]["cosine"], 0.9) << name;
  }
  for (const char* loads : {"http:", "https:", "<link rel=\"stylesheet", "@import", " src=\"/"})
    EXPECT_FALSE(contains(page, loads)) << loads;
  for (const char* id : {"worst", "network", "classes", "changed", "calibration", "by-hand", "nodes"})
    EXPECT_TRUE(contains(page, str("<h2 id=\"", id, "\">"))) << id;
  for (size_t at = page.find("<img "); at != page.npos; at = page.find("<img ", at + 1))
    EXPECT_NE(page.find(" alt=\"", at), page.npos);
  double counted = 0;
  for (const double count : report["observers"][0]["histogram"]) counted += count;
  EXPECT_NEAR(counted, 20.0 * 3 * 96 * 96, 20);  // one-pass histograms are spread, and rounded
}

TEST_F(Explained, DumpSaysWhatBelongsTogether) {
  const std::string stages = *folder / "stages";
  const auto partners = nlohmann::json::parse(read_text(stages + "/partners.json"));
  ASSERT_EQ(partners.size(), 40u);
  for (const auto& p : partners) {
    const Tensor value = loaders::load_npy(stages + "/float/" + p["float"].get<std::string>() + ".npy");
    const Tensor fake = loaders::load_npy(stages + "/fake_quant/" + p["fake_quant"].get<std::string>() + ".npy");
    const Tensor codes = loaders::load_npy(stages + "/int8/" + p["int8"].get<std::string>() + ".npy");
    EXPECT_EQ(codes.dtype(), DType::u8);
    EXPECT_EQ(value.shape(), codes.shape()) << p["int8"];
    EXPECT_EQ(fake.shape(), codes.shape()) << p["int8"];
  }
}

TEST(ExplainedFolder, IsLookedAtBeforeTheWork) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "no folder";
  const Result r = run("quantize --quiet --limit 2 --dump " + (folder / "file"));
  EXPECT_EQ(r.exit_code, 1) << r.err;
  EXPECT_FALSE(contains(r.out, "== 1."));
}

}  // namespace
}  // namespace octet::test
