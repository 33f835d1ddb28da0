// A set of one's own: two classes of 64 px that differ in the period of their stripes only, which another size would change.
#pragma once

#include "tensor/random.h"
#include "tests/apps/run.h"
#include "tests/support/png.h"

namespace octet::test {

class Stripes {
 public:
  Stripes() {
    Generator generator(7);
    for (const auto& [split, count] : {std::pair("train", 40), std::pair("val", 10)})
      for (const auto& [name, period] : {std::pair("coarse", 10), std::pair("fine", 4)}) {
        std::filesystem::create_directories(folder_.path() / split / name);
        for (int i = 0; i < count; ++i)
          write_png((folder_.path() / split / name / (std::to_string(i) + ".png")).string(), stripes(period, generator));
      }
  }
  std::string path() const { return folder_.string(); }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  static loaders::Image stripes(int period, Generator& generator) {
    constexpr int kSide = 64;
    const bool upright = generator.uniform() < 0.5f;
    const auto phase = static_cast<int>(generator.below(static_cast<uint64_t>(period)));
    loaders::Image image{kSide, kSide, {}};
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < kSide; ++x) {
        const bool light = ((upright ? x : y) + phase) % period < period / 2;
        image.rgb.insert(image.rgb.end(), 3, static_cast<uint8_t>((light ? 170 : 50) + generator.below(30)));
      }
    return image;
  }

  TemporaryFolder folder_;
};

}  // namespace octet::test
