// predict on many images: which ones, in what form the answers come, and that one bad image stops nothing.
#include <nlohmann/json.hpp>

#include "loaders/files/npy.h"
#include "nn/graph/ops/flatten.h"
#include "tests/apps/small_model.h"
#include "tests/apps/small_set.h"
#include "tests/apps/stripes.h"

namespace octet::test {
namespace {

using Json = nlohmann::json;

/// An int8 model of 12 outputs, class 0 for all images, and a folder of five images in two sub-folders.
struct Small {
  TemporaryFolder folder;
  Small() {
    save_small_model(folder / "m.safetensors", nn::op::Flatten{});
    fs::create_directories(folder / "in/deep/er");
    fs::create_directories(folder / "in/.hidden");
    const Image white{2, 2, std::vector<uint8_t>(12, 255)};
    for (const char* name :
         {"in/b.png", "in/a.PNG", "in/deep/c.png", "in/deep/er/d.png", "in/it's.png", "in/.hidden/e.png", "in/.f.png"})
      write_png(folder / name, white);
    std::ofstream(folder / "in/notes.txt") << "x";
  }
  using Image = loaders::Image;
  std::string predict(const std::string& more, const std::string& top = "1") const {
    return "predict --quiet --size 2 --top " + top + " --model " + (folder / "m.safetensors") + " " + more;
  }
};

/// The lines of text, the path of the folder taken off.
std::vector<std::string> lines_of(std::string text, const std::string& folder) {
  for (size_t at; (at = text.find(folder + "/")) != std::string::npos;) text.erase(at, folder.size() + 1);
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(PredictImages, OfFoldersPatternsAndStandardInput) {
  const Small small;
  const std::string folder = small.folder.string(), answer = ": class 0 8.3 %";
  const std::vector<std::string> all = {"in/a.PNG" + answer, "in/b.png" + answer, "in/deep/c.png" + answer,
                                        "in/deep/er/d.png" + answer, "in/it\\x27s.png" + answer};
  const Result of_folder = run(small.predict(folder + "/in"));
  EXPECT_EQ(of_folder.exit_code, 0);
  EXPECT_EQ(lines_of(of_folder.out, folder), all);
  EXPECT_NE(of_folder.err.find("left out 1 file that is no image by its name: "), std::string::npos) << of_folder.err;
  EXPECT_EQ(lines_of(run(small.predict("--batch-size 2 " + folder + "/in")).out, folder), all);
  EXPECT_EQ(lines_of(run(small.predict("'" + folder + "/in/?.[pP]*'")).out, folder),
            (std::vector<std::string>{"in/a.PNG" + answer, "in/b.png" + answer}));
  std::ofstream(small.folder / "list") << folder + "/in/b.png\r\n" + folder + "/in/deep\n\n" + folder + "/in/it's.png";
  EXPECT_EQ(lines_of(run(small.predict("-"), "", "< " + (small.folder / "list")).out, folder),
            (std::vector<std::string>{"in/b.png" + answer, "in/deep/c.png" + answer, "in/deep/er/d.png" + answer,
                                      "in/it\\x27s.png" + answer}));
}

TEST(PredictImages, ThatAreNotThereAreNamed) {
  const Small small;
  fs::create_directories(small.folder / "empty/.hidden");
  EXPECT_TRUE(fails(run(small.predict(small.folder / "empty")), 1, {"empty: no image in it"}));
  EXPECT_TRUE(fails(run(small.predict("'" + (small.folder / "in/x*") + "'")), 1, {"in/x*: no file has a name of this pattern"}));
  EXPECT_TRUE(fails(run(small.predict("-")), 1, {"no name on standard input"}));
  EXPECT_TRUE(fails(run(small.predict(small.folder / "missing.png")), 1, {"1 of 1 images", "missing.png: ", "No such file"}));
}

TEST(PredictImages, GoOnAfterABadOne) {
  const Small small;
  const std::string folder = small.folder.string();
  std::ofstream(small.folder / "in/b.png") << "not an image";
  std::ofstream(small.folder / "in/deep/c.png") << "";
  const Result text = run(small.predict("--batch-size 2 " + folder + "/in"));
  EXPECT_TRUE(fails(text, 1, {"2 of 5 images cannot be read; the first: ", "in/b.png: not an image"}));
  EXPECT_EQ(lines_of(text.out, folder).size(), 3u) << text.out;
  for (const char* name : {"skipped ", "in/b.png", "in/deep/c.png"})
    EXPECT_NE(text.err.find(name), std::string::npos) << text.err;

  const Result json = run(small.predict("--json " + folder + "/in"));
  EXPECT_EQ(json.exit_code, 1);
  std::vector<Json> rows;
  for (const std::string& line : lines_of(json.out, folder)) rows.push_back(Json::parse(line));
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0]["file"], "in/a.PNG");
  EXPECT_EQ(rows[0]["top"][0]["class"], 0);
  EXPECT_EQ(rows[0]["top"][0]["name"], "class 0");
  EXPECT_EQ(rows[0]["top"][0]["probability"], 0.0833333);
  EXPECT_EQ(rows[1]["file"], "in/b.png");
  EXPECT_TRUE(rows[1]["error"].get<std::string>().find("not an image") != std::string::npos) << rows[1];
  EXPECT_EQ(rows[4]["file"], "in/it's.png");
}

TEST(PredictImages, AsCsv) {
  const Small small;
  const std::string folder = small.folder.string();
  std::ofstream(small.folder / "names") << "a \"b\", c\nd\x1b\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n";
  const Result r = run(small.predict("--csv --labels " + (small.folder / "names") + " " + folder + "/in/b.png", "2"));
  EXPECT_EQ(lines_of(r.out, folder),
            (std::vector<std::string>{"file,rank,class,name,probability", "in/b.png,1,0,\"a \"\"b\"\", c\",0.0833333",
                                      "in/b.png,2,1,d\\x1b,0.0833333"}))
      << r.err;
  EXPECT_TRUE(fails(run(small.predict("--csv --json x.png")), 2, {"--csv", "--json"}));
}

TEST(PredictData, ScoresAnInt8Model) {
  const Stripes set;
  const TemporaryFolder folder;
  const std::string data = " --data " + set.path(), weights = folder / "s.pth";
  ASSERT_EQ(
      run("train_or_load --quiet --epochs 6 --size 64 --batch-size 16 --min-scale 0.9 --output " + weights + data).exit_code, 0);
  ASSERT_EQ(run("quantize --quiet --no-fake-quant --output " + (folder / "") + " --weights " + weights + data).exit_code, 0);
  const std::string predict = "predict --quiet --model " + (folder / "model.safetensors") + data;
  const Result text = run(predict);
  EXPECT_NE(text.out.find("top-1 100.00 % (20 of 20 images of " + set.path() + ", split val, at 64 px)"), std::string::npos)
      << text.out << text.err;
  EXPECT_NE(text.out.find(" 0 coarse              10    0 100.0 %"), std::string::npos) << text.out;
  const Json json = Json::parse(run(predict + " --json --limit 10").out);
  EXPECT_EQ(json["images"], 10);
  EXPECT_EQ(json["top1"], 1.0);
  EXPECT_EQ(json["classes"][1], (Json{{"name", "fine"}, {"images", 5}, {"right", 5}}));
  EXPECT_EQ(json["confusion"], Json::parse("[[5,0,0],[0,5,0]]"));
  EXPECT_EQ(run(predict + " --csv --split train").out, "class,name,images,right\n0,coarse,40,40\n1,fine,40,40\n");
}

TEST(PredictOutput, ReplacesNothingOfOthers) {
  const Small small;
  const std::string x = small.folder / "x.npy", y = small.folder / "y.npy";
  loaders::save_npy(x, Tensor::zeros({1, 3, 2, 2}));
  std::ofstream(y) << "mine";
  const std::string predict = "predict --model " + (small.folder / "m.safetensors") + " --input " + x + " --output " + y;
  EXPECT_TRUE(fails(run(predict), 2, {"--output: ", "y.npy is there, and octet has not written it", "--force"}));
  EXPECT_EQ(read_text(y), "mine");
  EXPECT_EQ(run(predict + " --force").exit_code, 0);
  EXPECT_EQ(loaders::load_npy(y).shape(), (Shape{1, 12}));
}

}  // namespace
}  // namespace octet::test
