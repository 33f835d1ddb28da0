// open_model: every kind of file is named, and refused where it does not belong, with where it does.
#include "apps/common/open_model.h"

#include "loaders/checkpoints/safetensors.h"
#include "nn/graph/ops/relu.h"
#include "tests/apps/run.h"
#include "tests/apps/small_model.h"
#include "tests/networks/onnx_file.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace octet::test {
namespace {

using apps::FileKind;

/// One file of each kind.
struct Files {
  TemporaryFolder folder;
  std::map<FileKind, std::string> paths = {{FileKind::float_checkpoint, folder / "float.safetensors"},
                                           {FileKind::qat_checkpoint, folder / "qat.safetensors"},
                                           {FileKind::pytorch_int8, golden_path("loaders/quantized.pth")},
                                           {FileKind::octet_int8, folder / "int8.safetensors"},
                                           {FileKind::network, folder / "network"},
                                           {FileKind::training_state, folder / "r18.pth.resume"}};

  Files() {
    save(FileKind::float_checkpoint, "fc.weight");
    save(FileKind::qat_checkpoint, "fc.weight_fake_quant.scale");
    save(FileKind::training_state, "model/fc.weight", {{quant::kTrainingMetadata, "{}"}});
    save_small_model(paths[FileKind::octet_int8], nn::op::Relu{});
    std::ofstream(paths[FileKind::network], std::ios::binary) << OnnxFile({-1, 3, 8, 8}).node("Relu", {"x"}, "y").bytes();
  }

 private:
  void save(FileKind kind, const std::string& key, const std::map<std::string, std::string>& metadata = {}) {
    loaders::SafeTensors file;
    file.tensors.add({key, Tensor::zeros({1}), {}});
    file.metadata = metadata;
    loaders::save_safetensors(paths[kind], file);
  }
};

TEST(OpenModel, EachKindIsTakenWhereItIsWantedAndElsewhereRefused) {
  const Files files;
  for (const auto& accepted : {apps::kTrainable, apps::kFloatModels, apps::kRunnable, apps::kTunable})
    for (const auto& entry : files.paths) {
      const auto kind = entry.first;
      const std::string& path = entry.second;  // a name of its own, because clang 14's lambdas take no structured binding
      if (std::ranges::find(accepted.kinds, kind) != accepted.kinds.end())
        EXPECT_EQ(apps::open_model(path, accepted).kind, kind) << path;
      else
        EXPECT_TRUE(fails_with([&] { apps::open_model(path, accepted); }, {path + ": this is ", ", expected ", "; "})) << path;
    }
}

TEST(OpenModel, ProgramsSayWhereAFileBelongs) {
  Files files;
  const std::string resume = files.paths[FileKind::training_state], int8 = files.paths[FileKind::octet_int8];
  EXPECT_TRUE(fails(run("predict --model " + resume + " x.jpg"), 1, {resume, "interrupted training", "--resume"}));
  for (const char* program : {"quantize", "compare_observers", "train_or_load"})
    EXPECT_TRUE(fails(run(std::string(program) + " --weights " + int8), 1,
                      {int8, "an int8 model that quantize has made already",
                       "a float checkpoint, one trained quantization-aware or a network", "predict"}))
        << program;
  EXPECT_TRUE(fails(run("quantize --weights " + files.paths[FileKind::pytorch_int8]), 1,
                    {"quantized.pth", "PyTorch has quantized already", "expected a float checkpoint"}));
  EXPECT_TRUE(fails(run("predict --tune --model " + kWeights), 1,
                    {kWeights, "a float checkpoint, expected an int8 model.safetensors that quantize made for --tune"}));
  EXPECT_TRUE(fails(run("predict --tune --model /missing"), 1, {"/missing", "No such file"}));
}

}  // namespace
}  // namespace octet::test
