// Where results go: what cannot be written is said before the work, and a stdout that failed is a failure.
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "apps/common/output_paths.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/checkpoints/safetensors.h"
#include "tests/apps/small_set.h"
#include "tests/support/compare.h"

namespace octet::test {
namespace {

/// The error, and nothing printed before it: no work was done.
::testing::AssertionResult fails_at_once(const Result& r, const std::vector<std::string>& parts) {
  if (!r.out.empty()) return ::testing::AssertionFailure() << "printed " << r.out;
  return fails(r, 1, parts);
}

TEST(Targets, OfQuantizeAreLookedAtFirst) {
  for (const char* name : {"model.safetensors", "report.json", "report.html", "quantized.pth", "model.h"}) {
    const TemporaryFolder folder;
    fs::create_directories(folder / name);
    EXPECT_TRUE(fails_at_once(run("quantize --export torch,npy,c --output " + (folder / "")), {name, "is a directory"}));
  }
  const TemporaryFolder folder;
  std::ofstream(folder / "layers") << "x";
  EXPECT_TRUE(fails_at_once(run("quantize --export npy --output " + (folder / "")), {"layers", "Not a directory"}));
}

TEST(Targets, OfATrainingAreLookedAtFirst) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string command = train_command(set, folder / "a.pth", "--epochs 1 --log ");
  EXPECT_TRUE(fails_at_once(run(command + "/nonexistent/a.csv"), {"/nonexistent/a.csv", "No such file"}));
  fs::create_directories(folder / "b.csv");
  EXPECT_TRUE(fails_at_once(run(command + (folder / "b.csv")), {"b.csv", "is a directory"}));
  fs::create_directories(folder / "c.svg");
  EXPECT_TRUE(fails_at_once(run(command + (folder / "c.csv")), {"c.svg", "is a directory"}));
}

TEST(Targets, NeedAFolderThatMayBeWritten) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TemporaryFolder folder;
  fs::create_directories(folder / "out");
  fs::permissions(folder / "out", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_TRUE(fails_at_once(run("quantize --output " + (folder / "out")), {"out", "Permission denied"}));
}

TEST(Targets, MayBeFreeOrReplaced) {
  const TemporaryFolder folder;
  std::ofstream(folder / "old") << "x";
  fs::create_symlink(folder / "old", folder / "link");
  for (const char* name : {"old", "new", "link"}) EXPECT_NO_THROW(apps::check_can_write(folder / name)) << name;
  EXPECT_NO_THROW(apps::check_can_write("new-in-this-folder"));
  EXPECT_TRUE(fails_with([&] { apps::check_can_write(folder / "old/new"); }, {"old/new"}));
  EXPECT_TRUE(fails_with([&] { apps::check_can_fill(folder / "old"); }, {"old", "Not a directory"}));
}

TEST(Targets, AreNoneOfTheInputs) {
  const TemporaryFolder folder;
  fs::copy_file(kWeights, folder / "quantized.pth");
  EXPECT_TRUE(fails(run("quantize --export torch --weights " + (folder / "quantized.pth") + " --output " + (folder / "")), 2,
                    {"--output", "quantized.pth", "is an input too"}));
  const SmallSet set;
  const std::string log = " --epochs 1 --log " + (folder / "quantized.pth") + " --weights " + (folder / "quantized.pth");
  EXPECT_TRUE(fails(run(train_command(set, folder / "a.pth", log)), 2, {"--log", "quantized.pth", "is an input too"}));
  EXPECT_TRUE(same_file(kWeights, folder / "quantized.pth"));
}

TEST(Targets, OfOthersAreNotReplaced) {
  const TemporaryFolder folder;
  const auto mine = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder / name, std::ios::binary) << text;
    return folder / name;
  };
  fs::copy_file(kWeights, folder / "torch.pth");  // has no record of octet's
  loaders::save_safetensors(folder / "other.safetensors", {{}, {{"format", "pt"}}});
  for (const std::string& path :
       {mine("a.txt", "mine"), mine("a.json", "{\"observers\": 1}"), mine("a.zip", "PK\x03\x04..."),
        mine("a.onnx", std::string("\x08\x07\x12\x07pytorch", 11)), folder / "torch.pth", folder / "other.safetensors"}) {
    EXPECT_FALSE(apps::written_by_octet(path)) << path;
    EXPECT_THROW(apps::refuse_to_replace("--output", path), CLI::ValidationError) << path;
  }
  loaders::save_pth(folder / "own.pth", {}, loaders::ModelCard{});
  EXPECT_TRUE(apps::written_by_octet(folder / "own.pth"));
  for (const std::string& path : {folder / "own.pth", folder / "none", mine("empty", "")})
    EXPECT_NO_THROW(apps::refuse_to_replace("--output", path)) << path;
}

TEST(Targets, OfQuantizeAreReplacedOnlyWhereTheyAreItsOwn) {
  const TemporaryFolder folder;
  const std::string quantize =
      "quantize --quiet --limit 2 --eval-limit 2 --no-fake-quant --export torch,onnx,c --output " + (folder / "");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run(quantize).exit_code, 0);
  for (const char* name : {"model.safetensors", "report.json", "report.html", "quantized.pth", "model.onnx", "model.h"}) {
    const std::string before = read_text(folder / name);
    std::ofstream(folder / name) << "mine";
    const Result r = run(quantize);
    EXPECT_TRUE(fails(r, 2, {"--output: ", name, "octet has not written it", "--force"}));
    EXPECT_EQ(r.out, "");
    EXPECT_EQ(read_text(folder / name), "mine");
    std::ofstream(folder / name, std::ios::binary) << before;
  }
  std::ofstream(folder / "model.h") << "mine";
  EXPECT_EQ(run(quantize + " --force").exit_code, 0);
}

TEST(Targets, OfATrainingByItsDefaultNameAreNotReplaced) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string train = "train_or_load --quiet --epochs 1 --size 32 --batch-size 4 --data " + set.path();
  const std::string in_folder = "cd " + folder.string() + ";";
  std::ofstream(folder / "resnet18.pth") << "weights of weeks";
  EXPECT_TRUE(fails(run(train, in_folder), 2, {"--output: resnet18.pth is there", "--force"}));
  EXPECT_EQ(read_text(folder / "resnet18.pth"), "weights of weeks");
  EXPECT_EQ(run(train + " --force", in_folder).exit_code, 0);
  EXPECT_EQ(run(train + " --log a.csv", in_folder).exit_code, 0);  // now it is octet's
  EXPECT_EQ(run(train + " --log a.csv", in_folder).exit_code, 0);
  std::ofstream(folder / "a.svg") << "mine";
  EXPECT_TRUE(fails(run(train + " --log a.csv", in_folder), 2, {"--log: a.svg is there", "--force"}));
}

TEST(Stdout, ThatIsFullIsAFailure) {
  const std::string predict = "predict --model " + kWeights + " " + kSample + "/val/n03888257/n03888257_10380.JPEG";
  const std::string timed = "predict --benchmark 0.01 --size 64 --model " + kWeights;
  for (const std::string& command : {predict, timed, std::string("predict --help")})
    EXPECT_TRUE(fails(run(command, "", "> /dev/full"), 1, {"stdout", "No space left"})) << command;
  EXPECT_TRUE(fails(run("quantize --version", "", "> /dev/full"), 1, {"stdout", "incomplete"}));  // fails before the end
}

TEST(Stdout, WhoseReaderHasGoneIsNone) {
  const TemporaryFolder folder;
  const std::string predict =
      program("predict --quiet --model " + kWeights + " " + kSample + "/val/n03888257/n03888257_10380.JPEG");
  for (const std::string& command : {predict, program("predict --help")}) {
    const std::string script =
        "(sleep 0.2; " + command + " 2>" + (folder / "err") + "; echo $? >" + (folder / "code") + ") | true";
    ASSERT_EQ(std::system(script.c_str()), 0);
    for (int i = 0; i < 100 && read_text(folder / "code").empty(); ++i) usleep(100'000);
    EXPECT_EQ(read_text(folder / "code"), "0\n");
    EXPECT_EQ(read_text(folder / "err"), "");
    fs::remove(folder / "code");
  }
}

TEST(Names, OfWeightsThatAreNotUtf8EnterTheReport) {
  const TemporaryFolder folder;
  fs::copy_file(kWeights, folder / "w\xff.pth");
  const Result r = run("quantize --quiet --limit 2 --eval-limit 2 --no-fake-quant --weights " + (folder / "w*.pth") +
                       " --output " + (folder / "out"));
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(loaders::load_safetensors(folder / "out/model.safetensors").metadata.at("source"), "w\\xff.pth");
}

}  // namespace
}  // namespace octet::test
