// What the programs say to bad input: one line that names it, exit 1, or 2 for wrong usage; nothing half-written stays.
#include <cmath>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/safetensors.h"
#include "loaders/files/npy.h"
#include "tensor/cuda/runtime.h"
#include "tests/apps/run.h"
#include "tests/support/golden.h"

namespace octet::test {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// One image per class, as links to the sample's.
void link_sample(const fs::path& to) {
  for (const auto& folder : fs::directory_iterator(kSample + "/val")) {
    fs::create_directories(to / "val" / folder.path().filename());
    fs::create_directories(to / "train" / folder.path().filename());
    const fs::path image = fs::directory_iterator(folder)->path();
    fs::copy_file(image, to / "val" / folder.path().filename() / image.filename());
    fs::copy_file(image, to / "train" / folder.path().filename() / image.filename());
  }
}

TEST(Usage, ExitsWith2) {
  EXPECT_TRUE(fails(run("quantize --ephocs 3"), 2, {"--ephocs", "--help"}));
  EXPECT_TRUE(fails(run("quantize --batch-size 0"), 2, {"--batch-size", "0"}));
  EXPECT_TRUE(fails(run("quantize --batch-size abc"), 2, {"--batch-size", "abc"}));
  EXPECT_TRUE(fails(run("quantize --limit -1"), 2, {"--limit"}));
  EXPECT_TRUE(fails(run("quantize --backend tpu"), 2, {"--backend", "tpu"}));
  EXPECT_TRUE(fails(run("quantize --threads -2"), 2, {"--threads"}));
  EXPECT_TRUE(fails(run("quantize --limit"), 2, {"--limit"}));
  for (const char* option : {"--weights", "--data", "--output", "--qconfig"})
    EXPECT_TRUE(fails(run(std::string("quantize ") + option + " ''"), 2, {option, "expected a name"})) << option;
  EXPECT_TRUE(fails(run("predict"), 2, {"--model"}));
  EXPECT_TRUE(fails(run("predict --model x.pth"), 2, {"images, --data, --input, --benchmark or --tune"}));
  EXPECT_TRUE(fails(run("predict --model x.pth --output y.npy"), 2, {"--input"}));
  for (const char* app : {"quantize", "predict", "train_or_load"}) {
    EXPECT_EQ(run(std::string(app) + " --help").exit_code, 0) << app;
    EXPECT_EQ(run(std::string(app) + " --version").exit_code, 0) << app;
  }
}

TEST(QConfigOptions, AreNamed) {
  EXPECT_TRUE(fails(run("quantize --observer magic"), 2, {"--observer", "magic", "histogram"}));
  EXPECT_TRUE(fails(run("quantize --percentile nan"), 2, {"--percentile"}));
  EXPECT_TRUE(fails(run("quantize --per-channel --per-tensor"), 2, {"--per-tensor", "--per-channel"}));
  EXPECT_TRUE(
      fails(run("quantize --limit 2 --keep-float layer9"), 1, {"'layer9'", "matches no layer", "nearest: ", "0.4.0.conv1"}));
  EXPECT_TRUE(fails(run("quantize --limit 2 --keep-float '('"), 1, {"'('", "regular expression"}));
  EXPECT_TRUE(fails(run("quantize --qconfig /nonexistent.json"), 1, {"/nonexistent.json"}));
  EXPECT_TRUE(fails(run("quantize --limit 2 --percentile 99"), 2, {"--percentile", "--observer percentile"}));
  EXPECT_TRUE(fails(run("quantize --limit 2 --observer mse --percentile 99"), 2, {"--percentile", "--observer percentile"}));
}

TEST(QConfigOptions, ThatLeaveNothingToQuantizeAreNamed) {
  const Result r = run("quantize --limit 2 --keep-float '.*'");
  EXPECT_TRUE(fails(r, 1, {"no layer is quantized", "--keep-float '.*'"}));
  EXPECT_EQ(r.out.find("Calibrate"), std::string::npos);
  EXPECT_TRUE(fails(run("quantize --limit 2 --keep-float 0"), 1, {"no convolution is quantized", "--keep-float '0'"}));
  const TemporaryFolder folder;
  write_text(folder / "none.json", R"({"": null})");
  EXPECT_TRUE(fails(run("quantize --limit 2 --qconfig " + (folder / "none.json")), 1, {"no layer is quantized", "none.json"}));
}

TEST(Device, Tf32IsForCuda) { EXPECT_TRUE(fails(run("quantize --tf32"), 2, {"--tf32", "--device cuda"})); }

TEST(Device, CudaIsAnErrorWithoutOne) {
  if (cuda::missing().empty()) GTEST_SKIP() << "this machine has " << cuda::device().name;
  for (const char* app : {"quantize", "predict --model x.pth x.jpg", "train_or_load", "compare_observers"})
    EXPECT_TRUE(fails(run(std::string(app) + " --device cuda"), 1, {"cuda", cuda::missing(), "--device cpu"}));
}

TEST(Device, AutoSaysWhatItTook) {
  if (cuda::missing().empty()) GTEST_SKIP() << "this machine has " << cuda::device().name;
  EXPECT_EQ(
      run("predict --device auto --model /nonexistent.pth x.jpg").err.rfind("device: cpu; cuda: " + cuda::missing() + "\n", 0),
      0u);
}

TEST(Isa, UnknownIsAnError) {
  EXPECT_TRUE(fails(run("train_or_load --limit 1", "OCTET_ISA=sse9"), 1,
                    {"OCTET_ISA=sse9", "portable, avx2, avxvnni, avx512 or avx512vnni"}));
}

TEST(Threads, MoreThanAThousandAreAnError) {
  EXPECT_TRUE(
      fails(run("train_or_load --limit 1", "OMP_NUM_THREADS=2000"), 1, {"OMP_NUM_THREADS=2000", "at most 1024", "--threads"}));
  EXPECT_EQ(run("train_or_load --limit 1 --threads 1", "OMP_NUM_THREADS=2000").exit_code, 0);
}

TEST(Weights, MissingFolderAndEmpty) {
  const TemporaryFolder folder;
  EXPECT_TRUE(fails(run("quantize --weights /nonexistent.pth"), 1, {"/nonexistent.pth", "No such file"}));
  EXPECT_TRUE(fails(run("quantize --weights " + folder.string()), 1, {folder.string()}));
  write_text(folder / "empty.pth", "");
  EXPECT_TRUE(fails(run("quantize --weights " + (folder / "empty.pth")), 1, {"empty.pth", "empty"}));
}

TEST(Weights, TruncatedAndFlipped) {
  const TemporaryFolder folder;
  std::string bytes = read_text(kWeights);
  write_text(folder / "cut.pth", bytes.substr(0, bytes.size() / 2));
  EXPECT_TRUE(fails(run("quantize --weights " + (folder / "cut.pth")), 1, {"cut.pth", "truncated"}));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(folder / "flipped.pth", bytes);
  EXPECT_TRUE(fails(run("quantize --weights " + (folder / "flipped.pth")), 1, {"flipped.pth", "CRC"}));
}

TEST(Weights, NanIsNamed) {
  const TemporaryFolder folder;
  const StateDict good = loaders::load_checkpoint(kWeights);
  loaders::SafeTensors bad;
  for (StateEntry e : good.entries()) {
    if (e.key == "0.5.0.conv1.weight") {
      e.tensor = e.tensor.to(DType::f32).clone();
      e.tensor.data<float>()[7] = NAN;
    }
    bad.tensors.add(e);
  }
  loaders::save_safetensors(folder / "nan.safetensors", bad);
  EXPECT_TRUE(fails(run("quantize --weights " + (folder / "nan.safetensors")), 1, {"nan.safetensors", "0.5.0.conv1.weight"}));
}

TEST(Calibration, InfinityIsNamedWithLayerAndImages) {
  const TemporaryFolder folder;
  const StateDict good = loaders::load_checkpoint(kWeights);
  loaders::SafeTensors bad;  // finite weights whose sums are not
  for (StateEntry e : good.entries()) {
    if (e.key == "0.5.0.conv1.weight") {
      e.tensor = e.tensor.to(DType::f32).clone();
      for (int64_t i = 0; i < e.tensor.numel(); ++i) e.tensor.data<float>()[i] = 3e38f;
    }
    bad.tensors.add(e);
  }
  loaders::save_safetensors(folder / "large.safetensors", bad);
  for (const char* observer : {"histogram", "minmax", "percentile"})
    EXPECT_TRUE(fails(
        run("quantize --quiet --limit 4 --batch-size 2 --weights " + (folder / "large.safetensors") + " --observer " + observer),
        1, {"calibration, images 0 to 1", "behind '_0_5_0_conv1'", "infinity"}));
}

TEST(Weights, AnotherNetwork) {
  const TemporaryFolder folder;
  loaders::SafeTensors other;
  other.tensors.add({"features.0.weight", Tensor::zeros({3}), {}});
  loaders::save_safetensors(folder / "vgg.safetensors", other);
  EXPECT_TRUE(fails(run("train_or_load --weights " + (folder / "vgg.safetensors")), 1,
                    {"vgg.safetensors", "not a checkpoint of ResNet18"}));
  EXPECT_TRUE(fails(run("predict --model " + (folder / "vgg.safetensors") + " x.jpg"), 1,
                    {"vgg.safetensors", "not a checkpoint of ResNet18"}));
}

TEST(Data, MissingAndWithoutSplits) {
  const TemporaryFolder folder;
  EXPECT_TRUE(fails(run("quantize --data /nonexistent"), 1, {"/nonexistent"}));
  fs::create_directories(folder.path() / "images");
  EXPECT_TRUE(fails(run("quantize --data " + folder.string()), 1, {folder.string(), "no image in any of the 1 class folders"}));
  EXPECT_TRUE(fails(run("train_or_load --data " + folder.string()), 1, {folder.string(), "no folder val/", "images"}));
  write_text(folder / "not.tgz", "this is no archive");
  EXPECT_TRUE(fails(run("quantize --data " + (folder / "not.tgz")), 1, {"not.tgz"}));
}

TEST(Data, ClassesThatDoNotFit) {
  const TemporaryFolder folder;
  link_sample(folder.path());
  for (const char* split : {"val", "train"}) fs::remove_all(folder.path() / split / "n03888257");
  EXPECT_TRUE(fails(run("train_or_load --weights " + kWeights + " --data " + folder.string()), 1, {"10 classes", "9"}));
  const std::string quantize = "quantize --quiet --no-fake-quant --limit 2 --data " + kSample + " --eval-data ";
  EXPECT_EQ(run(quantize + folder.string()).exit_code, 0);  // nine of the ten, by their names
  fs::rename(folder.path() / "val" / "n03394916", folder.path() / "val" / "parrots");
  EXPECT_TRUE(fails(run(quantize + folder.string()), 1, {"parrots"}));
}

TEST(Data, UnreadableImagesAreNamedCountedAndSkipped) {
  const TemporaryFolder folder;
  link_sample(folder.path());
  write_text(folder.path() / "val" / "n01440764" / "broken.JPEG", "not an image");
  const Result r = run("quantize --quiet --data " + folder.string());
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.out.find("unreadable images, left out: 1"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("10 images, peak"), std::string::npos) << r.out;
  EXPECT_NE(r.err.find("broken.JPEG"), std::string::npos) << r.err;
}

TEST(Data, NamesAreFitForATerminal) {
  const TemporaryFolder folder;
  link_sample(folder.path());
  write_text(folder.path() / "val" / "n01440764" / "red\x1b[31m.JPEG", "not an image");
  const Result r = run("train_or_load --quiet --weights " + kWeights + " --data " + folder.string());
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(
      r.err,
      "skipped val/n01440764/red\\x1b[31m.JPEG: val/n01440764/red\\x1b[31m.JPEG: not an image: expected the first bytes of a "
      "JPEG, PNG, BMP or WebP file\n");
}

TEST(Data, AllUnreadable) {
  const TemporaryFolder folder;
  link_sample(folder.path());
  for (const auto& file : fs::recursive_directory_iterator(folder.path()))
    if (file.is_regular_file()) write_text(file.path(), "not an image");
  EXPECT_TRUE(fails(run("quantize --data " + folder.string()), 1, {"read"}));
}

TEST(Output, FullDiskLeavesNothing) {
  const TemporaryFolder folder;
  const std::string out = folder / "out";
  EXPECT_TRUE(
      fails(run("quantize --quiet --limit 1 --eval-limit 10 --output " + out, "ulimit -f 100;"), 1, {"model.safetensors"}));
  EXPECT_TRUE(fs::is_empty(out));
}

TEST(Output, FolderThatCannotBe) {
  const TemporaryFolder folder;
  write_text(folder / "file", "x");
  EXPECT_TRUE(fails(run("quantize --output " + (folder / "file") + "/out"), 1, {"file/out"}));
}

TEST(Predict, BadInputs) {
  const TemporaryFolder folder;
  const std::string model = "predict --model " + kWeights;
  EXPECT_TRUE(fails(run(model + " /nonexistent.jpg"), 1, {"/nonexistent.jpg"}));
  write_text(folder / "text.jpg", "no image");
  EXPECT_TRUE(fails(run(model + " " + (folder / "text.jpg")), 1, {"text.jpg"}));
  loaders::save_npy(folder / "x.npy", Tensor::zeros({1, 4, 32, 32}));
  EXPECT_TRUE(fails(run(model + " --input " + (folder / "x.npy")), 1, {"x.npy", "[N, 3, H, W]", "[1, 4, 32, 32]"}));
  write_text(folder / "bad.npy", "\x93NUMPY");
  EXPECT_TRUE(fails(run(model + " --input " + (folder / "bad.npy")), 1, {"bad.npy"}));
}

}  // namespace
}  // namespace octet::test
