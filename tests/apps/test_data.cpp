// What the programs calibrate and evaluate on: with labels, without them, in parts; and what they say of it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "loaders/files/npy.h"
#include "tensor/random.h"
#include "tests/apps/run.h"

namespace octet::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

/// Some images of a class of the sample, in a folder of the test.
std::vector<std::string> copy_images(const fs::path& to, int count, const std::string& of_class = "n01440764") {
  fs::create_directories(to);
  std::vector<std::string> copied;
  for (const auto& file : fs::directory_iterator(kSample + "/val/" + of_class)) {
    if (std::ssize(copied) == count) break;
    fs::copy_file(file.path(), to / file.path().filename());
    copied.push_back((to / file.path().filename()).string());
  }
  return copied;
}

Result quantize(const std::string& options, const std::string& after = "") {
  return run("quantize --quiet --no-fake-quant --backend qnnpack " + options, "", after);
}

nlohmann::json report_of(const TemporaryFolder& out) { return nlohmann::json::parse(read_text(out.path() / "out/report.json")); }

void expect_calibrated_only(const Result& r, int images, const std::string& because) {
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("observed " + std::to_string(images) + " images"));
  EXPECT_THAT(r.out, HasSubstr("not evaluated: " + because));
}

TEST(Calibration, NeedsNoLabels) {
  const TemporaryFolder folder, out;
  copy_images(folder.path() / "flat", 3);
  copy_images(folder.path() / "val/any", 2);
  expect_calibrated_only(quantize("--data " + (folder / "flat") + " --output " + (out / "out")), 3, "the images have no labels");
  const nlohmann::json report = report_of(out);
  EXPECT_TRUE(report["accuracy"].is_null());
  EXPECT_EQ(report["calibration"]["images"], 3);
  EXPECT_EQ(report["calibration"]["also_evaluated"], 0);
  fs::remove_all(folder.path() / "flat");
  expect_calibrated_only(quantize("--data " + folder.string()), 2, "the model has 10 classes and the data 1");
}

TEST(Calibration, NamesOnStandardInput) {
  const TemporaryFolder folder;
  std::ofstream list(folder / "list");
  for (const std::string& image : copy_images(folder.path() / "a", 2)) list << image << "\n";
  list << (folder / "missing.jpg") << "\n";
  list.close();
  const Result r = quantize("--data -", "< " + (folder / "list"));
  expect_calibrated_only(r, 2, "the images have no labels");
  EXPECT_THAT(r.err, HasSubstr("missing.jpg: cannot open"));
  EXPECT_TRUE(fails(run("quantize --data -"), 1, {"--data -: no file names on standard input"}));
}

TEST(Calibration, TensorsAsTheyEnterTheNetwork) {
  const TemporaryFolder folder;
  Generator generator(1);
  loaders::save_npy(folder / "calib.npy", randn({5, 3, 64, 64}, generator));
  expect_calibrated_only(quantize("--batch-size 2 --limit 3 --input " + (folder / "calib.npy")), 3, "the images have no labels");
  const Result r = quantize("--limit 2 --eval-limit 10 --input " + (folder / "calib.npy") + " --eval-data " + kSample);
  EXPECT_THAT(r.out, HasSubstr("10 images, peak")) << r.err;
  EXPECT_THAT(r.out, Not(HasSubstr("calibrated on, too")));
  loaders::save_npy(folder / "flat.npy", randn({5, 3}, generator));
  EXPECT_TRUE(fails(run("quantize --input " + (folder / "flat.npy")), 1, {" on [5, 3]: ", "expected [N, C, H, W], got [5, 3]"}));
  EXPECT_TRUE(fails(run("quantize --data x --input " + (folder / "flat.npy")), 2, {"--input: takes the place of --data"}));
}

TEST(Calibration, OnTheImagesThatAreEvaluatedIsSaid) {
  const TemporaryFolder out;
  const Result same = quantize("--limit 20 --eval-limit 10 --output " + (out / "out"));
  EXPECT_THAT(same.out,
              HasSubstr(" of the 10 images evaluated were calibrated on, too; --calibration-split train keeps the two apart"));
  EXPECT_EQ(report_of(out)["calibration"]["also_evaluated"], 1);  // the first 20 of 200, and every twentieth
  const Result apart = quantize("--limit 20 --eval-limit 10 --calibration-split train --output " + (out / "out"));
  EXPECT_THAT(apart.out, HasSubstr("split train: 20 images"));
  EXPECT_THAT(apart.out, Not(HasSubstr("calibrated on, too")));
  EXPECT_EQ(report_of(out)["calibration"]["also_evaluated"], 0);
}

TEST(Data, WhatIsLeftOutIsCounted) {
  const TemporaryFolder folder, out;
  for (const auto& of_class : fs::directory_iterator(kSample + "/val"))
    copy_images(folder.path() / "val" / of_class.path().filename() / "sub", 1, of_class.path().filename().string());
  std::ofstream(folder.path() / "val/n01440764/y.gif") << "GIF89a";
  const Result r = quantize("--data " + folder.string() + " --output " + (out / "out"));
  EXPECT_THAT(r.out, HasSubstr(": 10 images of 10 classes")) << r.err;
  EXPECT_THAT(r.out, HasSubstr("files that are no images of a class, left out: 1"));
  EXPECT_THAT(r.err, HasSubstr("skipped val/n01440764/y.gif: "));
  EXPECT_EQ(report_of(out)["skipped"]["no_images"][0]["name"], "val/n01440764/y.gif");
}

TEST(Data, AFolderOfClassesIsDivided) {
  const TemporaryFolder folder;
  for (const auto& of_class : fs::directory_iterator(kSample + "/val"))
    copy_images(folder.path() / of_class.path().filename(), 3, of_class.path().filename().string());
  const std::string evaluate = "train_or_load --quiet --weights " + kWeights + " --data " + folder.string();
  EXPECT_THAT(run(evaluate + " --valid-share 0.2").out, HasSubstr("of 6 images"));
  EXPECT_THAT(run(evaluate + " --valid-share 0.2 --split train").out, HasSubstr("of 24 images"));
  EXPECT_THAT(run(evaluate + " --split all").out, HasSubstr("of 30 images"));
  EXPECT_TRUE(fails(run(evaluate), 1, {"no folder val/ in it", "--valid-share 0.2, or --split all"}));
  const Result apart = quantize("--data " + folder.string() + " --valid-share 0.2 --calibration-split train");
  EXPECT_THAT(apart.out, HasSubstr("observed 24 images"));
  EXPECT_THAT(apart.out, HasSubstr("6 images, peak"));
  EXPECT_THAT(apart.out, Not(HasSubstr("calibrated on, too")));
}

TEST(CompareObservers, NeedsNoLabels) {
  const TemporaryFolder folder;
  copy_images(folder.path(), 2);
  const Result r = run("compare_observers --quiet --data " + folder.string());
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("no top-1: the images have no labels"));
  EXPECT_THAT(r.out, HasSubstr("| float | | | - | | |"));
  EXPECT_THAT(r.out, HasSubstr(" dB | "));
}

}  // namespace
}  // namespace octet::test
