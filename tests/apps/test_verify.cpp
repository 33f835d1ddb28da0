// --verify, and model files that carry their own digest: what is let through, and what is refused in one line.
#include <gtest/gtest.h>

#include "loaders/files/digest.h"
#include "loaders/files/npy.h"
#include "networks/onnx/model.h"
#include "nn/graph/ops/relu.h"
#include "tests/apps/run.h"
#include "tests/apps/small_model.h"
#include "tests/support/golden.h"
#include "tests/support/make.h"

namespace octet::test {
namespace {

std::string digest_of(const std::string& path, loaders::Hash hash) {
  return loaders::hex_digest(hash, loaders::File(path).bytes());
}

void change_last_byte(const std::string& path) {
  std::string bytes = read_text(path);
  bytes.back() ^= 1;
  std::ofstream(path, std::ios::binary) << bytes;
}

/// A model, and predict on a tensor with it.
struct Verified {
  TemporaryFolder folder;
  std::string model = folder / "m.safetensors", x = folder / "x.npy";

  Verified() {
    save_small_model(model, nn::op::Relu{});
    loaders::save_npy(x, random_floats({1, 3, 4, 4}, 1));
  }
  Result predict(const std::string& options) const { return run("predict --model " + model + " --input " + x + " " + options); }
};

TEST(Verify, DigestsOfOneOfTheFiles) {
  const Verified v;
  const std::string sha256 = "sha256:" + digest_of(v.model, loaders::Hash::sha256),
                    md5 = "md5:" + digest_of(v.x, loaders::Hash::md5);
  const Result r = v.predict("--verify " + sha256 + "," + md5);
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.err.find("verified: " + v.model + ": " + sha256 + "\nverified: " + v.x + ": " + md5 + "\n"), std::string::npos)
      << r.err;
  const std::string other = "sha256:" + std::string(64, 'A');
  EXPECT_TRUE(fails(v.predict("--verify " + sha256 + "," + other), 1,
                    {"--verify: no file that is read has sha256:aaaa", v.model + " has " + sha256, v.x + " has sha256:"}));
}

TEST(Verify, ImagesMayFollow) {
  const Verified v;
  const Result r = run("predict --model " + v.model + " --verify known no.jpg");
  EXPECT_NE(r.err.find("verified: "), std::string::npos) << r.err;
  EXPECT_EQ(r.exit_code, 1) << r.err;
}

TEST(Verify, WrongUsage) {
  const Verified v;
  for (const std::string& text :
       std::vector<std::string>{"sha256:abcd", "''", "sha1:" + std::string(40, '0'), "md5:" + std::string(32, 'g'), "Known"})
    EXPECT_TRUE(fails(v.predict("--verify " + text), 2, {"--verify", "expected known, sha256: and 64 digits"})) << text;
}

TEST(Verify, KnownByTheirSeal) {
  const Verified v;
  const Result r = v.predict("--verify known");
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.err.find(v.model + ": SHA-256 is that of its seal"), std::string::npos) << r.err;
  change_last_byte(v.model);
  for (const std::string options : {"", "--verify known"})
    EXPECT_TRUE(fails(v.predict(options), 1, {"m.safetensors: damaged, or changed since octet wrote it", "get the file again"}));
}

TEST(Verify, KnownByTheirNameAsTorchHubsFiles) {
  const Verified v;
  const std::string named = v.folder / ("m-" + digest_of(v.x, loaders::Hash::sha256).substr(0, 8) + ".npy");
  std::filesystem::copy(v.x, named);
  const std::string command = "predict --model " + v.model + " --verify known --input " + named;
  const Result r = run(command);
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.err.find(named + ": SHA-256 begins as its name says"), std::string::npos) << r.err;
  change_last_byte(named);
  EXPECT_TRUE(fails(run(command), 1, {named, "its name says that its SHA-256 begins with "}));
}

TEST(Verify, KnownDataSets) {
  const TemporaryFolder folder;
  const std::string archive = folder / "imagenette2-160.tgz";
  std::ofstream(archive) << "too short";
  for (const std::string& program :
       std::vector<std::string>{"train_or_load", "quantize", "compare_observers", "predict --model " + kWeights})
    EXPECT_TRUE(fails(run(program + " --verify known --data " + archive), 1,
                      {archive, "not the known imagenette2-160.tgz: 9 bytes, expected 99003388"}));
  std::filesystem::resize_file(archive, 99'003'388);  // sparse
  EXPECT_TRUE(fails(run("train_or_load --verify known --data " + archive), 1, {"expected md5:e793b78cc4c9e9a4ccc0c1155377a412"}));
}

TEST(Verify, NothingIsKnown) {
  EXPECT_TRUE(fails(run("train_or_load --verify known --weights " + kWeights + " --data " + kSample), 1,
                    {"--verify known: nothing is known of " + kWeights, "give --verify sha256:HEX"}));
  EXPECT_TRUE(
      fails(run("train_or_load --epochs 1 --output w.pth --verify known --data " + kSample), 1, {"nothing is known of folders"}));
}

TEST(Verify, AnExportedOnnxModelIsSealed) {
  const Verified v;
  const std::string out = v.folder / "out", model = out + "/model.onnx", images = v.folder / "images.npy";
  loaders::save_npy(images, random_floats({8, 3, 16, 16}, 1));
  const Result r =
      run("quantize --weights " + golden_path("pt2/branches.pt2") + " --input " + images + " --output " + out + " --export onnx");
  ASSERT_EQ(r.exit_code, 0) << r.err;
  const auto read = [&] { return networks::onnx::read_onnx(loaders::File(model), model); };
  EXPECT_TRUE(read().sealed);
  EXPECT_FALSE(read().metadata.contains(loaders::kSealKey));
  const std::string bytes = read_text(model);
  for (const size_t from_end : {size_t{1}, bytes.size() / 2}) {
    std::string changed = bytes;
    changed[changed.size() - from_end] ^= 1;
    std::ofstream(model, std::ios::binary) << changed;
    EXPECT_THROW(read(), Error);
  }
}

}  // namespace
}  // namespace octet::test
