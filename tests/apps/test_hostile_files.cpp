// Files that were written to hurt: what the programs say is one line, soon, and nothing of the file acts on the terminal.
#include <fcntl.h>
#include <sys/file.h>

#include <nlohmann/json.hpp>

#include "loaders/checkpoints/safetensors.h"
#include "nn/graph/ops/adaptive_avg_pool2d.h"
#include "quant/formats/model_file.h"
#include "tests/apps/run.h"
#include "tests/apps/small_model.h"

namespace octet::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string kImage = kSample + "/val/n03888257/n03888257_10380.JPEG";

/// A model of one convolution, whose graph `change` may change.
std::string model_with(const TemporaryFolder& folder, const std::function<void(Json&)>& change) {
  save_small_model(folder / "m.safetensors", nn::op::AdaptiveAvgPool2d{1});
  loaders::SafeTensors file = loaders::load_safetensors(folder / "m.safetensors");
  Json graph = Json::parse(file.metadata.at("graph"));
  change(graph);
  file.metadata["graph"] = graph.dump();
  loaders::save_safetensors(folder / "changed.safetensors", file);
  return folder / "changed.safetensors";
}

Json& node(Json& graph, const std::string& name) {
  for (Json& n : graph)
    if (n["name"] == name) return n;
  throw Error("no node " + name);
}

/// With so little memory that a bomb would fail in another way, and ten seconds.
Result run_bounded(const std::string& command) { return run(command, "ulimit -v 6000000; timeout 10"); }

TEST(HostileModels, AreRefusedBeforeTheyRun) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::function<void(Json&)>& change, const std::vector<std::string>& parts) {
    return fails(run_bounded("predict --quiet --model " + model_with(folder, change) + " " + kImage), 1, parts);
  };
  EXPECT_TRUE(refused([](Json& g) { node(g, "conv")["padding"] = 20000; }, {"GB of memory", "--max-memory"}));
  EXPECT_TRUE(refused([](Json& g) { node(g, "last")["size"] = 40000; }, {"GB of memory", "node 'last'"}));
  EXPECT_TRUE(refused([](Json& g) { node(g, "conv")["padding"] = 1 << 20; }, {"2^40 elements"}));
  const std::string model = model_with(folder, [](Json& g) { node(g, "last")["size"] = 1000; });
  EXPECT_TRUE(fails(run("predict --quiet --max-memory 0.01 --model " + model + " " + kImage), 1, {"12 MB of memory", "10 MB"}));
  EXPECT_TRUE(fails(run("predict --quiet --max-work 0.001 --model " + model + " --benchmark 0.01"), 1, {"--max-work"}));
}

TEST(HostileModels, LongChainsAndDeepNesting) {
  const TemporaryFolder folder;
  const auto chain = [](Json& graph) {
    const Json last = node(graph, "dequantize");
    Json longer = Json::array();
    for (const Json& n : graph) {
      if (n["name"] == "dequantize")
        for (int i = 0; i < 80'000; ++i)
          longer.push_back({{"name", str("r", i)},
                            {"op", "quantized_relu"},
                            {"kind", "call_function"},
                            {"target", ""},
                            {"zero_point", 128},
                            {"inputs", {i ? str("r", i - 1) : "conv"}}});
      longer.push_back(n);
    }
    node(longer, "dequantize")["inputs"] = {"r79999"};
    graph = longer;
  };
  EXPECT_EQ(
      run_bounded("predict --quiet --max-work 1e6 --size 8 --model " + model_with(folder, chain) + " --benchmark 0.01").exit_code,
      0);
  loaders::SafeTensors file = loaders::load_safetensors(folder / "m.safetensors");
  std::string& graph = file.metadata.at("graph");
  graph.replace(graph.find("\"stride\":1"), 10, "\"stride\":" + std::string(80'000, '[') + std::string(80'000, ']'));
  loaders::save_safetensors(folder / "deep.safetensors", file);
  EXPECT_TRUE(
      fails(run_bounded("predict --quiet --model " + (folder / "deep.safetensors") + " " + kImage), 1, {"nested more than"}));
}

TEST(HostileModels, NothingOfThemActsOnTheTerminal) {
  const TemporaryFolder folder;
  const std::string evil = "evil\x1b[2J\x1b]0;pwn\x07\nline2";
  const auto answer = [&](const std::function<void(Json&)>& change) {
    const Result r = run("predict --quiet --model " + model_with(folder, change) + " " + kImage);
    EXPECT_EQ(r.exit_code, 1);
    return r.out + r.err;
  };
  for (const char* key : {"op", "kind", "name", "target"}) {
    const std::string text = answer([&](Json& g) { node(g, "conv")[key] = evil; });
    EXPECT_EQ(text.find_first_of("\x1b\x07"), text.npos) << key;
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << key << ": " << text;
  }
  const std::string input = answer([&](Json& g) { node(g, "conv")["inputs"] = {evil}; });
  EXPECT_EQ(input.find('\x1b'), input.npos);
}

TEST(HostileQConfigs, AreOneLine) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text, const std::vector<std::string>& parts) {
    std::ofstream(folder / "q.json", std::ios::binary) << text;
    return fails(run_bounded("quantize --quiet --limit 1 --qconfig " + (folder / "q.json")), 1, parts);
  };
  EXPECT_TRUE(refused(std::string(200'000, '[') + std::string(200'000, ']'), {"q.json", "nested more than"}));
  EXPECT_TRUE(refused(R"({"module_name_regex": {"(a*)*(a*)*(a*)*(a*)*(a*)*(a*)*c": null}})", {"matches no layer"}));
  EXPECT_TRUE(refused(R"({"module_name_regex": {"(([0-9a-z]|\\.)*)*$x": null}})", {"matches no layer"}));
  EXPECT_TRUE(refused("{\"module_name_regex\": {\"" + std::string(50'000, '(') + std::string(50'000, ')') + "\": null}}",
                      {"q.json", "1000"}));
  EXPECT_TRUE(refused("{\"mod\\u001b[31m\\nule\": 1}", {"'mod\\x1b[31m\\x0aule'"}));
}

TEST(Options, AreDecimal) {
  EXPECT_TRUE(fails(run("train_or_load --epochs 0x10"), 2, {"--epochs", "'0x10'", "decimal"}));
  EXPECT_TRUE(fails(run("quantize --limit 010"), 2, {"--limit", "'010'", "decimal"}));
  EXPECT_TRUE(fails(run("quantize --percentile 0x1p6"), 2, {"--percentile", "decimal"}));
  EXPECT_TRUE(fails(run("train_or_load --epochs 1 --size 96,0x80"), 2, {"--size", "decimal"}));
}

TEST(Targets, ThatAreDanglingLinksAreFoundBeforeTheWork) {
  const TemporaryFolder folder;
  fs::create_symlink("/nonexistent/folder/model.safetensors", folder / "model.safetensors");
  const Result r = run("quantize --quiet --limit 1 --output " + (folder / ""));
  EXPECT_EQ(r.out, "");
  EXPECT_TRUE(fails(r, 1, {"model.safetensors is a link", "/nonexistent/folder", "No such file"}));
  fs::create_symlink(folder / "free", folder / "report.json");  // a link to a free name is none to complain of
  fs::remove(folder / "model.safetensors");
  EXPECT_EQ(run("quantize --quiet --limit 2 --eval-limit 1 --no-fake-quant --output " + (folder / "")).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder / "free"));
}

TEST(Targets, OfTwoQuantizesAreNotMixed) {
  const TemporaryFolder folder;
  const std::string lock = folder / "model.safetensors.lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT, 0666);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);  // as another quantize has it
  EXPECT_TRUE(fails(run("quantize --quiet --limit 1 --output " + (folder / "")), 1, {"another process is at work on it"}));
  ::close(fd);
  EXPECT_EQ(run("quantize --quiet --limit 2 --eval-limit 1 --no-fake-quant --output " + (folder / "")).exit_code, 0);
  EXPECT_FALSE(fs::exists(lock));
}

}  // namespace
}  // namespace octet::test
