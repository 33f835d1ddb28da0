// Quantization-aware training as a user runs it: train, interrupt and resume, convert; and its bad inputs.
#include <cmath>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/checkpoints/pth_writer.h"
#include "tests/apps/small_set.h"

namespace octet::test {
namespace {

const std::string kQat = "--qat --num-observer-update-epochs 3 --num-batch-norm-update-epochs 2 ";

TEST(Qat, ResumesToTheSameBitsAlsoBehindTheFreezing) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string options = kQat + "--epochs 6";
  ASSERT_EQ(run(train_command(set, folder / "whole.pth", options)).exit_code, 0);
  const std::string output = folder / "cut.pth", command = train_command(set, output, options);
  EXPECT_EQ(interrupted_training(command, output, "[ -e " + output + ".resume ]", "INT", 0.1), 130);
  EXPECT_TRUE(
      fails(run(train_command(set, output, "--epochs 6 --qat --resume")), 1, {"--qat is qnnpack, 4, 3 and was qnnpack, 3, 2"}));
  const Result r = run(command + " --resume");
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.out.find("quantize --weights"), std::string::npos);
  EXPECT_TRUE(same_file(folder / "whole.pth", output));
  const StateDict state = loaders::load_checkpoint(output);
  EXPECT_EQ(*state.find("0.0.weight_fake_quant.observer_enabled")->tensor.data<int64_t>(), 0);
  EXPECT_EQ(*state.find("activation_post_process_0.fake_quant_enabled")->tensor.data<int64_t>(), 1);
  // 24 images in batches of 4: batch norm inside convolutions was frozen after 2 epochs, the head's was not
  EXPECT_EQ(*state.find("0.0.bn.num_batches_tracked")->tensor.data<int64_t>(), 12);
  EXPECT_EQ(*state.find("1.2.num_batches_tracked")->tensor.data<int64_t>(), 36);
}

class QatBackend : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, QatBackend, ::testing::Values("qnnpack", "x86", "onednn"));

TEST_P(QatBackend, ConvertsToInt8) {
  const SmallSet set;
  const TemporaryFolder folder;
  const std::string weights = folder / "qat.pth", backend = GetParam();
  const Result trained = run(train_command(set, weights, kQat + "--epochs 1 --backend " + backend));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::string top1 = trained.out.substr(trained.out.find("top-1"), 14);
  const std::string data = " --quiet --data " + set.path();
  const Result again = run("train_or_load --weights " + weights + data);
  EXPECT_NE(again.out.find(top1), std::string::npos) << again.out << again.err;
  EXPECT_NE(again.out.find("trained quantization-aware for " + backend), std::string::npos) << again.out;

  const Result r = run("quantize --weights " + weights + data + " --export torch --output " + (folder / "out"));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  for (const char* part : {"the ranges were observed in training", "16384 of 16384 outputs", "\nfake-quant"})
    EXPECT_NE(r.out.find(part), std::string::npos) << r.out;
  const std::string report = read_text(folder / "out/report.json");
  EXPECT_NE(report.find("MovingAverageMinMaxObserver"), std::string::npos);
  for (const char* model : {"out/model.safetensors", "out/quantized.pth", "qat.pth"})
    EXPECT_EQ(run("predict --model " + (folder / model) + " " + kSample + "/val/n01440764/*").exit_code, 0) << model;
}

TEST(Qat, WrongUsageAndDamagedFiles) {
  const SmallSet set;
  const TemporaryFolder folder;
  EXPECT_TRUE(fails(run("train_or_load --qat"), 2, {"--qat", "--epochs"}));
  EXPECT_TRUE(fails(run(train_command(set, folder / "a.pth", "--epochs 1 --backend x86")), 2, {"--backend", "--qat"}));
  EXPECT_TRUE(
      fails(run(train_command(set, folder / "a.pth", "--epochs 1 --qat --backend tensorrt")), 2, {"tensorrt", "qnnpack"}));
  const std::string weights = folder / "qat.pth";
  ASSERT_EQ(run(train_command(set, weights, kQat + "--epochs 1 --backend x86")).exit_code, 0);
  EXPECT_TRUE(fails(run(train_command(set, folder / "b.pth", "--epochs 1 --qat --weights " + weights)), 1,
                    {"qat.pth", "quantization-aware already", "float checkpoint"}));
  const std::string quantize = "quantize --weights " + weights + " --data " + set.path();
  for (const char* option : {"--observer minmax", "--keep-float 0.4", "--limit 5", "--per-tensor", "--calibration two-pass"})
    EXPECT_TRUE(fails(run(quantize + " " + option), 2, {"decided", std::string(option).substr(0, 7)})) << option;
  EXPECT_TRUE(fails(run(quantize + " --backend qnnpack"), 2, {"qnnpack", "was trained for x86"}));

  const StateDict good = loaders::load_checkpoint(weights);
  const auto damaged = [&](const std::string& key, const std::optional<Tensor>& instead) {
    StateDict bad;
    for (const StateEntry& e : good.entries())
      if (e.key != key)
        bad.add(e);
      else if (instead)
        bad.add({key, *instead, {}});
    loaders::save_pth(folder / "bad.pth", bad);
    return run("quantize --weights " + (folder / "bad.pth") + " --data " + set.path());
  };
  const std::string scale = "activation_post_process_0.scale", min = "0.0.weight_fake_quant.activation_post_process.min_val";
  EXPECT_TRUE(fails(damaged(scale, Tensor::full({1}, 0.5f)), 1, {"bad.pth", scale, "0.5"}));
  EXPECT_TRUE(fails(damaged(scale, {}), 1, {"bad.pth", scale}));
  EXPECT_TRUE(fails(damaged(min, Tensor::zeros({3})), 1, {"bad.pth", min, "[3]", "[64]"}));
  EXPECT_TRUE(fails(damaged(min, {}), 1, {"bad.pth", "missing key '" + min}));
  EXPECT_TRUE(fails(damaged(min, Tensor::full({64}, INFINITY)), 1, {"bad.pth", min, "infinite"}));
}

}  // namespace
}  // namespace octet::test
