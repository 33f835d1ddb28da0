// report.json says what went in and what came of it, down to the image that was left out; stages 8 and 9 take an image of one's own.
#include <nlohmann/json.hpp>

#include "tests/apps/small_set.h"
#include "tests/apps/stripes.h"

namespace octet::test {
namespace {

using Json = nlohmann::json;

TEST(Report, SaysWhatWentInAndWhatCameOfIt) {
  const Stripes set;
  const TemporaryFolder folder;
  std::ofstream(set / "val/fine/3.png") << "not an image";
  const std::string weights = folder / "s.pth";
  ASSERT_EQ(run("train_or_load --quiet --epochs 1 --size 64 --batch-size 16 --max-bad-images 1 --output " + weights + " --data " +
                set.path())
                .exit_code,
            0);
  const Result q = run("quantize --quiet --seed 5 --eval-limit 19 --weights " + weights + " --data " + set.path() + " --output " +
                       (folder / "out"));
  ASSERT_EQ(q.exit_code, 0) << q.err;
  const Json report = Json::parse(read_text(folder / "out/report.json"));
  EXPECT_EQ(report["version"], 1);
  EXPECT_EQ(report["octet"], OCTET_VERSION);
  const Json& inputs = report["inputs"];
  EXPECT_EQ(inputs["weights"], weights);
  EXPECT_EQ(inputs["data"], set.path());
  EXPECT_EQ(inputs["eval_limit"], 19);
  EXPECT_EQ(inputs["seed"], 5);
  EXPECT_TRUE(inputs["image"].is_null());
  EXPECT_EQ(report["model"]["input"]["size"], 64);
  EXPECT_EQ(report["calibration"]["images"], 19);
  ASSERT_EQ(report["skipped"]["calibration"].size(), 1u);
  EXPECT_EQ(report["skipped"]["calibration"][0]["name"], "val/fine/3.png");
  EXPECT_NE(report["skipped"]["calibration"][0]["reason"].get<std::string>().find("not an image"), std::string::npos);

  const Json& accuracy = report["accuracy"];
  int64_t images = 0, right = 0;
  for (const Json& row : accuracy["classes"]) {
    images += row["images"].get<int64_t>();
    right += row["int8"].get<int64_t>();
  }
  EXPECT_EQ(accuracy["classes"][0]["folder"], "coarse");
  EXPECT_EQ(accuracy["classes"][1]["name"], "fine");
  EXPECT_EQ(accuracy["images"], images);
  EXPECT_DOUBLE_EQ(accuracy["int8"].get<double>(), static_cast<double>(right) / static_cast<double>(images));

  const Json& nodes = report["comparison"]["nodes"];
  EXPECT_EQ(nodes.size(), 36u);
  EXPECT_EQ(nodes[0]["name"], "_0_0");
  EXPECT_EQ(nodes[0]["codes"], 8 * 64 * 32 * 32);
  EXPECT_LE(nodes[0]["largest"], 1);
  EXPECT_EQ(report["comparison"]["suspicious"], Json::array());
}

TEST(QuantizeImage, GoesThroughStages8And9) {
  const TemporaryFolder folder;
  const std::string quantize = "quantize --quiet --limit 4 --eval-limit 2 --no-fake-quant --output " + (folder / "") + " ";
  const std::string image = kSample + "/val/n03888257/ILSVRC2012_val_00001440.JPEG";
  const Result random = run(quantize), with_image = run(quantize + "--image " + image);
  ASSERT_EQ(with_image.exit_code, 0) << with_image.err;
  EXPECT_NE(with_image.out.find("== 8. " + image + " through the int8 model"), std::string::npos) << with_image.out;
  EXPECT_NE(with_image.out.find("802816 of 802816 outputs equal"), std::string::npos);
  const auto codes = [](const std::string& out) { return out.substr(out.find("input codes:"), 60); };
  EXPECT_NE(codes(with_image.out), codes(random.out));
  EXPECT_EQ(Json::parse(read_text(folder / "report.json"))["inputs"]["image"], image);
  std::ofstream(folder / "bad.png") << "no image";
  const Result bad = run(quantize + "--image " + (folder / "bad.png"));
  EXPECT_TRUE(fails(bad, 1, {"bad.png: not an image"}));
  EXPECT_EQ(bad.out.find("== 3."), std::string::npos) << "it was read after the work";
}

}  // namespace
}  // namespace octet::test
