// The whole workflow on real images, as a user runs it.
#include <nlohmann/json.hpp>

#include "loaders/files/npy.h"
#include "ops/cpu/isa.h"
#include "tests/apps/run.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::test {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Workflow : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Backends, Workflow, ::testing::Values("qnnpack", "x86", "fbgemm", "onednn"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Workflow, QuantizeThenPredict) {
  const TemporaryFolder folder;
  const Result q = run("quantize --quiet --subset spread --limit 40 --eval-limit 40 --batch-size 20 --backend " +
                       std::string(GetParam()) + " --output " + (folder / "out"));
  ASSERT_EQ(q.exit_code, 0) << q.err;
  const std::string bias = std::string(GetParam()) == "qnnpack" ? "int32" : "float";
  EXPECT_TRUE(contains(q.out, "product, " + bias + " bias, requantize: 802816 of 802816 outputs equal the int8 layer's"))
      << q.out;
  EXPECT_TRUE(contains(q.out, "QuantizedConvReLU2d(3, 64, kernel_size=(7, 7), stride=(2, 2), scale=")) << q.out;
  EXPECT_TRUE(contains(q.out, "activation_post_process_2 (_0_3): HistogramObserver(min=0.0, max=")) << q.out;

  const auto report = nlohmann::json::parse(read_text(folder / "out/report.json"));
  EXPECT_EQ(report["observers"].size(), 40u);
  EXPECT_EQ(report["observers"][1]["scale"], report["observers"][2]["scale"]);  // the max pool shares its input's observer
  EXPECT_EQ(report["accuracy"]["images"], 40);
  EXPECT_GT(report["accuracy"]["float"], 0.6);
  EXPECT_NEAR(report["accuracy"]["int8"].get<double>(), report["accuracy"]["float"].get<double>(), 0.1);
  EXPECT_EQ(report["layers"][1]["name"], "_0_0");
  EXPECT_EQ(report["layers"][1]["weight_scale"].size(), std::string(GetParam()) == "qnnpack" ? 1u : 64u);

  loaders::save_npy(folder / "x.npy", random_floats({3, 3, 64, 64}, 1));
  const std::string predict = "predict --model " + (folder / "out/model.safetensors");
  const Result images = run(predict + " " + kSample + "/val/n03888257/*");
  EXPECT_EQ(images.exit_code, 0) << images.err;
  EXPECT_TRUE(contains(images.out, "parachute")) << images.out;
  ASSERT_EQ(run(predict + " --batch-size 2 --input " + (folder / "x.npy") + " --output " + (folder / "y.npy")).exit_code, 0);
  ASSERT_EQ(run(predict + " --input " + (folder / "x.npy") + " --dump " + (folder / "nodes")).exit_code, 0);
  const Tensor y = loaders::load_npy(folder / "y.npy");
  EXPECT_EQ(y.shape(), (Shape{3, 10}));
  EXPECT_TRUE(bits_equal(loaders::load_npy(folder / "nodes/dequantize_39.npy"), y));  // whatever the batch size
  const Tensor codes = loaders::load_npy(folder / "nodes/_0_0.npy");
  EXPECT_EQ(codes.shape(), (Shape{3, 64, 32, 32}));
  EXPECT_EQ(codes.dtype(), DType::u8);
}

TEST(Benchmark, OneLineAndOnePerLayer) {
  const Result r = run("predict --model " + source_dir() +
                       "/data/resnet18-imagenette-fastai.pth --benchmark 0.01 --batch 2 --size 64 --threads 2 --layers");
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(contains(r.out, "  _0_4_0_conv1 ")) << r.out;
  char engine[16];
  int threads = 0, batch = 0;
  double fastest = 0, median = 0;
  long runs = 0, megabytes = 0;
  const char* last = r.out.c_str() + r.out.find("octet-");
  ASSERT_EQ(std::sscanf(last, "octet-%15s %d %d %lf %lf %ld %ld", engine, &threads, &batch, &fastest, &median, &runs, &megabytes),
            7);
  EXPECT_EQ(std::string(engine), "float");
  EXPECT_EQ(threads, 2);
  EXPECT_EQ(batch, 2);
  EXPECT_TRUE(0 < fastest && fastest <= median && runs >= 5 && megabytes > 0) << r.out;
  EXPECT_TRUE(fails(run("predict --model m.pth --batch 4 x.jpg"), 2, {"--batch", "--benchmark"}));
}

TEST(Tune, WritesItsChoicesIntoTheModelAndNowhereElse) {
  const TemporaryFolder folder;
  const std::string model = folder / "model.safetensors";
  ASSERT_EQ(run("quantize --quiet --limit 8 --eval-limit 4 --no-fake-quant --output " + (folder / "")).exit_code, 0);
  const Result tuned = run("predict --tune --size 64 --threads 2 --model " + model);
  ASSERT_EQ(tuned.exit_code, 0) << tuned.err;
  EXPECT_TRUE(contains(tuned.out, "tuned for batches of 1 at 64 px, 2 threads")) << tuned.out;
  EXPECT_TRUE(contains(read_text(model), R"(\"choices\":[{)"));  // metadata is JSON within JSON
  EXPECT_EQ(run("predict --quiet --benchmark 0.01 --size 64 --model " + model).exit_code, 0);
  EXPECT_TRUE(fails(run("predict --tune --model " + kWeights), 1, {"--tune", "int8 model.safetensors"}));
}

TEST(LayerTimes, AreATableOfInt8BesideFloat) {
  const Result r = run("quantize --quiet --limit 8 --eval-limit 4 --no-fake-quant --benchmark 0.01");
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(contains(r.out, "float/int8")) << r.out;
  for (const char* layer : {"0.0 ", "0.4.0.conv2 ", "0.7.0.downsample.0 ", "1.8 ", "together "})
    EXPECT_TRUE(contains(r.out, str("\n", layer))) << layer << r.out;
}

/// Floats are summed in one order by all kernels, and codes are exact.
/// Floats are summed in one order by all kernels, and codes are exact. All combinations: scripts/same_models.sh.
TEST(WorkflowBits, SameModelForEveryThreadCountBlasAndKernel) {
  const TemporaryFolder folder;
  const std::string quantize = "quantize --quiet --no-fake-quant --limit 4 --eval-limit 1 --output ";
  const auto model = [&](const std::string& options, const std::string& environment) {
    const Result r = run(quantize + (folder / "") + " " + options, environment);
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return read_text(folder / "model.safetensors");
  };
  const std::string one_pass = model("--threads 2", ""), two_pass = model("--calibration two-pass --threads 2", "");
  EXPECT_TRUE(model("--threads 1", "OPENBLAS_CORETYPE=Prescott") == one_pass);
  EXPECT_TRUE(model("--calibration two-pass --threads 3 --batch-size 3", "OPENBLAS_CORETYPE=Prescott") == two_pass);
  if (!ops::cpu::has("avx2")) GTEST_SKIP() << "no AVX2: one kernel";
  EXPECT_TRUE(model("--threads 2", "OCTET_ISA=avx2") == one_pass);
  EXPECT_TRUE(model("--calibration two-pass --batch-size 1", "OCTET_ISA=avx2") == two_pass);
}

TEST(TrainOrLoad, EvaluatesACheckpoint) {
  const Result r = run("train_or_load --quiet --limit 20");
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(contains(r.out, "top-1 ")) << r.out;
  EXPECT_TRUE(contains(r.out, "of 20 images")) << r.out;
}

TEST(WorkflowOptions, ObserversLayersInFloatAndTwoPasses) {
  const TemporaryFolder folder;
  std::ofstream(folder / "q.json") << R"({"object_type": {"add": null}, "module_name": {"0.5.0.conv1": null}})";
  const std::string quantize = "quantize --quiet --subset spread --limit 20 --eval-limit 20 --output " + (folder / "out") + " ";
  const Result r = run(
      quantize + "--observer mse --weight-observer percentile --per-channel --calibration two-pass --keep-float 0.0 --qconfig " +
      (folder / "q.json"));
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_TRUE(contains(r.out, "no integers to verify by hand")) << r.out;
  const Result ok =
      run(quantize + "--observer mse --weight-observer percentile --per-channel --calibration two-pass --verbose --qconfig " +
          (folder / "q.json"));
  ASSERT_EQ(ok.exit_code, 0) << ok.err;
  EXPECT_TRUE(contains(ok.out, "MseObserver(")) << ok.out;
  EXPECT_TRUE(contains(ok.out, "%_0_5_0_conv1 : [num_users=1] = call_module[target=0.5.0.conv1](args = (%dequantize"));
  EXPECT_FALSE(contains(ok.out, "add_relu")) << ok.out;
  EXPECT_FALSE(contains(ok.out, "SUSPICIOUS")) << ok.out;
  const auto report = nlohmann::json::parse(read_text(folder / "out/report.json"));
  EXPECT_GT(report["accuracy"]["fake_quant"], 0.6);
  EXPECT_NEAR(report["accuracy"]["int8"].get<double>(), report["accuracy"]["fake_quant"].get<double>(), 0.11);
  const Result predict = run("predict --model " + (folder / "out/model.safetensors") + " " + kSample + "/val/n03888257/*");
  EXPECT_EQ(predict.exit_code, 0) << predict.err;
  EXPECT_TRUE(contains(predict.out, "parachute")) << predict.out;
}

TEST(WorkflowOptions, TwoPassesDoNotDependOnTheBatchSize) {
  const TemporaryFolder folder;
  const std::string quantize =
      "quantize --quiet --no-fake-quant --calibration two-pass --subset spread --limit 20 --eval-limit 10 ";
  for (const char* batch : {"3", "20"})
    ASSERT_EQ(run(quantize + "--batch-size " + batch + " --output " + (folder / batch)).exit_code, 0);
  EXPECT_TRUE(read_text(folder / "3/model.safetensors") == read_text(folder / "20/model.safetensors"));
}

}  // namespace
}  // namespace octet::test
