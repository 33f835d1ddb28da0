// The lessons' numbers: each block of a document that begins with "$ build/PROGRAM ..." holds what that command prints.
#include <filesystem>
#include <fstream>

#include "tests/apps/run.h"

namespace octet::test {
namespace {

struct Block {
  std::string document, command, lines;
};

/// The blocks of all documents that a command stands above.
std::vector<Block> blocks_with_commands() {
  std::vector<Block> found;
  for (const char* folder : {"docs", "nn", "ops", "quant"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source_dir() + "/" + folder)) {
      if (entry.path().extension() != ".md") continue;
      std::ifstream in(entry.path());
      bool inside = false, wanted = false;
      for (std::string line; std::getline(in, line);) {
        if (line.starts_with("```")) {
          inside = !inside;
          wanted = false;
        } else if (inside && line.starts_with("$ build/")) {
          found.push_back({entry.path().string(), line.substr(8), ""});
          wanted = true;
        } else if (wanted) {
          found.back().lines += line + "\n";
        }
      }
    }
  return found;
}

TEST(Lessons, PrintWhatTheirDocumentsQuote) {
  const std::vector<Block> blocks = blocks_with_commands();
  EXPECT_GE(blocks.size(), 6u);
  for (const Block& block : blocks) {
    const Result r = run(block.command);
    EXPECT_EQ(r.exit_code, 0) << block.command << ": " << r.err;
    EXPECT_EQ(r.out, block.lines) << block.document << ": " << block.command;
  }
}

TEST(Lessons, OneThatIsNotThereIsRefused) {
  EXPECT_TRUE(fails(run("lesson weight"), 2, {"weight"}));
  EXPECT_EQ(run("lesson").exit_code, 2);
}

}  // namespace
}  // namespace octet::test
