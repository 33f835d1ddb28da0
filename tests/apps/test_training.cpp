// Training as a user runs it: what it writes, that an interrupted or killed run goes on to the same bits, and its bad inputs.
#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/pth_writer.h"
#include "loaders/checkpoints/safetensors.h"
#include "tests/apps/small_set.h"
#include "tests/support/compare.h"

namespace octet::test {
namespace {

TEST(Train, FromScratchWritesCheckpointTableAndCurves) {
  const SmallSet set;
  const TemporaryFolder folder;
  const Result r = run(train_command(set, folder / "a.pth", "--epochs 2 --log " + (folder / "a.csv"), "32,64"));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.out.find("epoch     train_loss  valid_loss  accuracy  time\n0 "), std::string::npos) << r.out;
  for (const char* part : {"top-1", "is \\ answer", "tench", "parachute"})
    EXPECT_NE(r.out.find(part), std::string::npos) << r.out;
  EXPECT_NE(read_text(folder / "a.csv").find("\n1,64,"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder / "a.svg"));
  for (const char* left : {".resume", ".lock", ".partial"}) EXPECT_FALSE(fs::exists(folder / (std::string("a.pth") + left)));
  const Result again = run("train_or_load --weights " + (folder / "a.pth") + " --data " + set.path());
  EXPECT_EQ(again.out.substr(again.out.find("top-1"), 14), r.out.substr(r.out.find("top-1"), 14)) << again.err;
}

TEST(Train, SameSeedSameBitsOtherSeedOtherBits) {
  const SmallSet set;
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) ASSERT_EQ(run(train_command(set, folder / name + ".pth", "--epochs 2")).exit_code, 0);
  ASSERT_EQ(run(train_command(set, folder / "c.pth", "--epochs 2 --seed 1")).exit_code, 0);
  EXPECT_TRUE(same_file(folder / "a.pth", folder / "b.pth"));
  EXPECT_FALSE(same_file(folder / "a.pth", folder / "c.pth"));
}

TEST(Train, FineTuneFreezesTheBodyButNotItsBatchNorm) {
  const SmallSet set;
  const TemporaryFolder folder;
  loaders::SafeTensors two_classes;  // the checkpoint with the first two rows of its classifier
  const StateDict trained = loaders::load_checkpoint(kWeights);
  for (const StateEntry& e : trained.entries()) {
    const Tensor t = e.tensor.dtype() == DType::f16 ? e.tensor.to(DType::f32) : e.tensor;
    two_classes.tensors.add({e.key, e.key == "1.8.weight" ? t.slice(0, 2).clone() : t, {}});
  }
  save_safetensors(folder / "start.safetensors", two_classes);
  const std::string start = "--weights " + (folder / "start.safetensors") + " --freeze-epochs 1 ";
  ASSERT_EQ(run(train_command(set, folder / "frozen.safetensors", start + "--epochs 0")).exit_code, 0);
  const StateDict frozen = loaders::load_checkpoint(folder / "frozen.safetensors");
  for (const StateEntry& e : two_classes.tensors.entries()) {
    if (e.key.ends_with("num_batches_tracked")) continue;
    const bool convolution = e.tensor.dim() == 4;
    EXPECT_EQ(bits_equal(frozen.find(e.key)->tensor, e.tensor), convolution) << e.key;
  }
  const Result whole = run(train_command(set, folder / "whole.safetensors", start + "--epochs 1"));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_NE(whole.out.find("epoch "), whole.out.rfind("epoch "));  // two tables
  const StateDict tuned = loaders::load_checkpoint(folder / "whole.safetensors");
  EXPECT_FALSE(bits_equal(tuned.find("0.0.weight")->tensor, two_classes.tensors.find("0.0.weight")->tensor));
}

class Interrupted : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Optimizers, Interrupted, ::testing::Values("adamw", "sgd"),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(Interrupted, ResumesToTheSameBits) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string options = std::string("--epochs 6 --label-smoothing 0.1 --clip-norm 5 --optimizer ") + GetParam();
  ASSERT_EQ(run(train_command(set, folder / "whole.pth", options + " --log " + (folder / "whole.csv"))).exit_code, 0);
  const std::string output = folder / "cut.pth", command = train_command(set, output, options);
  const std::string saved = "[ -e " + output + ".resume ]";
  EXPECT_EQ(interrupted_training(command, output, saved, "INT", 0.2), 130);
  const std::string said = read_text(output + ".err");
  EXPECT_NE(said.find("--resume goes on"), std::string::npos) << said;
  EXPECT_TRUE(fails(run(command), 1, {"cut.pth.resume", "--resume"}));
  EXPECT_TRUE(fails(run(command + " --resume --lr 0.5 --seed 9"), 1, {"--lr is 0.5 and was 0.002", "--seed is 9 and was 0"}));
  EXPECT_EQ(interrupted_training(command + " --resume", output, "grep -q ^epoch " + output + ".out", "TERM", 0.1), 130);
  const Result last = run(command + " --resume --log " + (folder / "cut.csv"));
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_TRUE(same_file(folder / "whole.pth", output));
  // The log too, except for the seconds.
  const auto without_seconds = [](std::string csv) {
    std::string kept;
    std::istringstream lines(csv);
    for (std::string line; std::getline(lines, line);) kept += line.substr(0, line.rfind(',')) + "\n";
    return kept;
  };
  EXPECT_EQ(without_seconds(read_text(folder / "whole.csv")), without_seconds(read_text(folder / "cut.csv")));
}

TEST(Train, KilledAtAnyMomentTheCheckpointLoadsAndTheTrainingGoesOn) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string options = "--epochs 6";
  ASSERT_EQ(run(train_command(set, folder / "whole.pth", options)).exit_code, 0);
  const std::string output = folder / "cut.pth", command = train_command(set, output, options);
  std::string resume;
  for (double delay : {0.0, 0.03, 0.1, 0.2}) {
    const std::string condition = resume.empty() ? "[ -e " + output + ".resume ]" : "grep -q ^epoch " + output + ".out";
    EXPECT_EQ(interrupted_training(command + resume, output, condition, "KILL", delay), 137);
    resume = " --resume";
    if (!fs::exists(output)) continue;
    EXPECT_FALSE(loaders::load_checkpoint(output).empty());
  }
  const Result last = run(command + resume);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_TRUE(same_file(folder / "whole.pth", output));
}

TEST(Train, FullDiskKeepsTheCheckpointBefore) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string command = train_command(set, folder / "a.pth", "--epochs 1 --seed ");
  ASSERT_EQ(run(command + "0").exit_code, 0);
  const std::string before = read_text(folder / "a.pth");
  EXPECT_TRUE(fails(run(command + "1", "ulimit -f 1000;"), 1, {"a.pth", "File too large", "old file is unchanged"}));
  EXPECT_TRUE(before == read_text(folder / "a.pth"));
  for (const char* left : {".resume.partial", ".partial", ".lock"})
    EXPECT_FALSE(fs::exists(folder / (std::string("a.pth") + left)));
}

/// The state of the last epoch is there, its weights could not be written: the resumed training has nothing to train, and writes them.
TEST(Train, WeightsThatCouldNotBeWrittenComeWithTheResume) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string whole = folder / "whole.pth", output = folder / "w.pth", epoch = " --epochs 1";
  ASSERT_EQ(run(train_command(set, whole, epoch)).exit_code, 0);
  fs::create_directory(output + ".partial");  // in the way of the weights, not of the state
  EXPECT_TRUE(fails(run(train_command(set, output, epoch)), 1, {"w.pth: cannot write"}));
  ASSERT_TRUE(fs::exists(output + ".resume"));
  fs::remove(output + ".partial");
  const Result r = run(train_command(set, output, epoch + " --resume"));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(read_text(output), read_text(whole));
  EXPECT_FALSE(fs::exists(output + ".resume"));
}

TEST(Train, ALossThatIsNoNumberStopsAndKeepsTheLastGoodEpoch) {
  const SmallSet set;
  const TemporaryFolder folder;
  // Weight decay of 1 at a rate of up to 3, with momentum: weights grow beyond float32 after a few epochs.
  const Result r = run(train_command(set, folder / "a.pth", "--epochs 20 --optimizer sgd --lr 3 --weight-decay 1"));
  EXPECT_TRUE(fails(r, 1, {"training: the ", "epoch", "try a smaller --lr"}));
  const StateDict kept = loaders::load_checkpoint(folder / "a.pth");
  loaders::check_finite(kept, "a.pth");
  EXPECT_NE(r.err.find("a.pth keeps"), std::string::npos) << r.err;
}

TEST(Train, TwoOnOneOutput) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string output = folder / "a.pth", command = train_command(set, output, "--epochs 1");
  const std::string lock = output + ".lock";
  const std::string hold =
      "flock " + lock + " sleep 5 >/dev/null 2>&1 & while ! [ -e " + lock + " ]; do sleep 0.01; done; sleep 0.2;";
  EXPECT_TRUE(fails(run(command, hold), 1, {"a.pth", "another process", "a.pth.lock"}));
}

TEST(TrainUsage, ExitsWith2) {
  for (const char* lr : {"nan", "inf", "0", "-1", "abc", "1e9"})
    EXPECT_TRUE(fails(run(std::string("train_or_load --epochs 1 --lr ") + lr), 2, {"--lr", lr, "a number above 0 to 100"}));
  for (const char* size : {"100", "0", "96,100", "abc", "2048", "-32"})
    EXPECT_TRUE(fails(run(std::string("train_or_load --epochs 1 --size ") + size), 2, {"--size", "multiples of 32"}));
  for (const char* epochs : {"-1", "abc", "3.5", "1e9"})
    EXPECT_TRUE(fails(run(std::string("train_or_load --epochs ") + epochs), 2, {"--epochs", epochs}));
  EXPECT_TRUE(fails(run("train_or_load --epochs 1 --output x.bin"), 2, {"--output", "x.bin", ".safetensors"}));
  EXPECT_TRUE(fails(run("train_or_load --epochs 1 --optimizer adam"), 2, {"--optimizer", "adamw"}));
  EXPECT_TRUE(fails(run("train_or_load --epochs 1 --batch-size 1"), 2, {"--batch-size", "2"}));
  EXPECT_TRUE(fails(run("train_or_load --resume"), 2, {"--resume", "--epochs"}));
  EXPECT_TRUE(fails(run("train_or_load --epochs 1 --limit 5"), 2, {"--limit"}));
  EXPECT_TRUE(fails(run("train_or_load --epochs 1 --split val"), 2, {"--split"}));
  EXPECT_TRUE(fails(run("train_or_load --epochs 1 --benchmark-steps 2"), 2, {"--benchmark-steps", "--epochs"}));
}

TEST(TrainUsage, OptionsWithoutEffectExitWith2) {
  for (const char* option : {"--lr 0.1", "--log a.csv", "--seed 1", "--optimizer sgd", "--schedule constant", "--output a.pth",
                             "--cache-mb 1", "--max-bad-images 1", "--qat"}) {
    const std::string name = std::string(option).substr(0, std::string(option).find(' '));
    EXPECT_TRUE(fails(run(std::string("train_or_load ") + option), 2, {name + ": is for training, with --epochs"})) << option;
  }
  EXPECT_TRUE(fails(run("train_or_load --size 64,96"), 2, {"--size: several sizes are for training, with --epochs"}));
  EXPECT_TRUE(fails(run("train_or_load --benchmark-steps 2 --lr 1"), 2, {"--lr: is for training, with --epochs"}));
  EXPECT_EQ(run("train_or_load --quiet --benchmark-steps 2 --size 32 --batch-size 2").exit_code, 0);
  for (const char* option : {"--weights", "--data", "--log", "--output"})
    EXPECT_TRUE(fails(run(std::string("train_or_load --epochs 1 ") + option + " ''"), 2, {option, "expected a name"})) << option;
}

TEST(TrainBadInput, IsNamed) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string output = folder / "a.pth", command = train_command(set, output, "--epochs 1 ");
  EXPECT_TRUE(fails(run(command + "--resume"), 1, {"a.pth.resume", "nothing to resume"}));
  EXPECT_TRUE(fails(run(train_command(set, "/nonexistent/a.pth", "--epochs 1")), 1, {"/nonexistent/a.pth", "No such file"}));
  fs::create_directories(folder / "d.pth");
  EXPECT_TRUE(fails(run(train_command(set, folder / "d.pth", "--epochs 1")), 1, {"d.pth", "directory"}));
  StateDict other;
  other.add({"features.0.weight", Tensor::zeros({3}), {}});
  loaders::save_pth(folder / "vgg.pth", other);
  EXPECT_TRUE(fails(run(command + "--weights " + (folder / "vgg.pth")), 1, {"vgg.pth", "not a checkpoint of ResNet18"}));
  EXPECT_TRUE(fails(run(train_command(set, folder / "vgg.pth", "--epochs 1 --weights " + (folder / "vgg.pth"))), 2,
                    {"--output", "vgg.pth", "is an input too"}));

  std::ofstream(set.path() + "/train/n03888257/broken.JPEG") << "not an image";
  EXPECT_TRUE(fails(run(command), 1, {"broken.JPEG", "--max-bad-images 0"}));
  const Result allowed = run(command + "--max-bad-images 1");
  EXPECT_EQ(allowed.exit_code, 0) << allowed.err;
  EXPECT_NE(allowed.err.find("broken.JPEG"), std::string::npos) << allowed.err;
  for (const auto& file : fs::directory_iterator(set.path() + "/train/n03888257")) fs::remove(file);
  EXPECT_TRUE(fails(run(command), 1, {"n03888257", "no image"}));
}

}  // namespace
}  // namespace octet::test
