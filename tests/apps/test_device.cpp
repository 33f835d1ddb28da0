// The programs with --device cuda. A GPU is emulated (ops/cuda/launch.h): the same code, except that kernels are loops.
#include <nlohmann/json.hpp>

#include "loaders/checkpoints/checkpoint.h"
#include "loaders/files/npy.h"
#include "tests/apps/small_set.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/make.h"

namespace octet::test {
namespace {

std::string on_cuda(const std::string& command) {
  const size_t end = command.find(' ');
  return "tests/" + command.substr(0, end) + "_emulated --device cuda" + command.substr(end);
}

TEST(OnCuda, TheWorkflowFindsTheSameScalesAndItsModelTheSameLogits) {
  const TemporaryFolder folder;
  const std::string quantize =
      "quantize --quiet --no-fake-quant --subset spread --limit 4 --eval-limit 4 --batch-size 4 --backend x86 --output ";
  const Result here = run(quantize + (folder / "cpu")), there = run(on_cuda(quantize + (folder / "cuda")));
  ASSERT_EQ(here.exit_code, 0) << here.err;
  ASSERT_EQ(there.exit_code, 0) << there.err;
  EXPECT_NE(there.out.find("802816 of 802816 outputs equal"), std::string::npos);
  const auto want = nlohmann::json::parse(read_text(folder / "cpu/report.json"))["observers"],
             got = nlohmann::json::parse(read_text(folder / "cuda/report.json"))["observers"];
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {  // the floats that were observed differ in their last bits
    EXPECT_EQ(got[i]["zero_point"], want[i]["zero_point"]) << got[i]["name"];
    EXPECT_NEAR(got[i]["scale"].get<double>() / want[i]["scale"].get<double>(), 1, 1e-3) << got[i]["name"];
  }

  loaders::save_npy(folder / "x.npy", random_floats({3, 3, 64, 64}, 1));
  const std::string predict =
      "predict --batch-size 2 --model " + (folder / "cpu/model.safetensors") + " --input " + (folder / "x.npy");
  ASSERT_EQ(run(predict + " --output " + (folder / "cpu.npy")).exit_code, 0);
  ASSERT_EQ(run(on_cuda(predict + " --output " + (folder / "cuda.npy"))).exit_code, 0);
  EXPECT_TRUE(bits_equal(loaders::load_npy(folder / "cuda.npy"), loaders::load_npy(folder / "cpu.npy")));
  ASSERT_EQ(run(on_cuda(predict + " --dump " + (folder / "nodes"))).exit_code, 0);
  EXPECT_TRUE(bits_equal(loaders::load_npy(folder / "nodes/dequantize_39.npy"), loaders::load_npy(folder / "cpu.npy")));
  const Result timed = run(on_cuda("predict --benchmark 0.01 --size 64 --layers --model " + (folder / "cpu/model.safetensors")));
  EXPECT_NE(timed.out.find("octet-int8-cuda "), std::string::npos) << timed.err;
}

// The real CUDA runtime with a driver that is not right (tests/cuda/driver/).
/// Between them these networks have every op that a file can bring (tests/golden/golden_pt2.py).
TEST(OnCuda, NetworksFromFilesHaveTheCpusCodes) {
  for (const char* network : {"branches", "gates", "norms", "segments", "shifts", "shuffles", "views"}) {
    const TemporaryFolder folder;
    const bool norms = std::string(network) == "norms", two_inputs = std::string(network) == "segments";
    const Golden golden("pt2/" + std::string(network) + (norms ? "" : "_qnnpack"));
    const std::string input = folder / (two_inputs ? "x.npz" : "x.npy");
    if (two_inputs)
      loaders::save_npz(input, {{"x", golden["x"]}, {"y", golden["y"]}});
    else
      loaders::save_npy(input, golden["x"]);
    for (const char* backend : {"qnnpack", "x86"}) {
      const std::string quantize = "quantize --quiet --force --weights " + golden_path("pt2/" + std::string(network) + ".pt2") +
                                   " --input " + input + " --backend " + backend + " --output ";
      ASSERT_EQ(run(quantize + (folder / "cpu")).exit_code, 0) << network;
      const Result there = run(on_cuda(quantize + (folder / "cuda")));
      ASSERT_EQ(there.exit_code, 0) << network << ": " << there.err;
      const std::string predict = "predict --model " + (folder / "cpu/model.safetensors") + " --input " + input + " --dump ";
      ASSERT_EQ(run(predict + (folder / "here")).exit_code, 0) << network;
      ASSERT_EQ(run(on_cuda(predict + (folder / "there"))).exit_code, 0) << network;
      int compared = 0;
      for (const auto& file : std::filesystem::directory_iterator(folder / "here")) {
        const Tensor want = loaders::load_npy(file.path());
        if (want.dtype() != DType::u8) continue;
        EXPECT_TRUE(bits_equal(loaders::load_npy((folder / "there") + "/" + file.path().filename().string()), want))
            << network << ", " << backend << ": " << file.path().filename();
        ++compared;
      }
      EXPECT_GT(compared, 3) << network;
    }
  }
}

TEST(OnCuda, WrongDriversAreSaidInOneLine) {
  if (stand_in_driver_dir().empty()) GTEST_SKIP() << "a build without CUDA has no runtime that could ask";
  const std::string command =
      "predict --device cuda --benchmark 1 --model " + source_dir() + "/data/resnet18-imagenette-fastai.pth";
  const auto with = [](const std::string& what) {
    return "LD_LIBRARY_PATH=" + stand_in_driver_dir() + "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} " + what;
  };
  EXPECT_TRUE(
      fails(run(command, with("OCTET_STAND_IN_VERSION=11040")), 1, {"not available", "for CUDA 11.4, older than", "update"}));
  EXPECT_TRUE(
      fails(run(command, with("OCTET_STAND_IN_INIT=100")), 1, {"no CUDA device was found", "nvidia-smi", "--device cpu"}));
  EXPECT_TRUE(fails(run(command, with("OCTET_STAND_IN_INIT=803")), 1, {"cudaErrorSystemDriverMismatch", "nvidia-smi"}));
}

TEST(OnCuda, ATrainingStepIsTheCpus) {
  const SmallSet set;
  const TemporaryFolder folder;
  const auto command = [&](const std::string& name) {  // one step: with few values per channel, batch norm is chaotic
    return "train_or_load --quiet --epochs 1 --optimizer sgd --lr 1e-2 --batch-size 24 --size 64 --threads 2 --data " +
           set.path() + " --output " + (folder / name);
  };
  ASSERT_EQ(run(command("cpu.pth")).exit_code, 0);
  const Result r = run(on_cuda(command("cuda.pth")));
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const StateDict want = loaders::load_checkpoint(folder / "cpu.pth"), got = loaders::load_checkpoint(folder / "cuda.pth");
  ASSERT_EQ(got.entries().size(), want.entries().size());
  for (const StateEntry& e : want.entries()) {
    const StateEntry* mine = got.find(e.key);
    ASSERT_NE(mine, nullptr) << e.key;
    if (e.tensor.dtype() == DType::f32)
      EXPECT_TRUE(all_close(mine->tensor, e.tensor, 1e-3f, 1e-4f)) << e.key;
    else
      EXPECT_TRUE(bits_equal(mine->tensor, e.tensor)) << e.key;
  }
}

TEST(OnCuda, WhatOnlyTheCpuDoesIsRefused) {
  EXPECT_TRUE(fails(run(on_cuda("predict --tune --model x.safetensors")), 2, {"--tune", "--device cpu"}));
  EXPECT_TRUE(fails(run(on_cuda("quantize --benchmark 1")), 2, {"--benchmark", "--device cpu"}));
}

}  // namespace
}  // namespace octet::test
