// How images are cut into Winograd tiles, and which of them need a place.
#include "ops/conv/winograd_grid.h"

#include <gtest/gtest.h>

namespace octet::ops {
namespace {

Im2colShape shape_of(int64_t height, int64_t width) {
  Im2colShape s{};
  s.out_height = height;
  s.out_width = width;
  return s;
}

/// Of images of any size: each output pixel is in one tile, and the tiles that need a place are those of its range.
TEST(WinogradGrid, CoversImagesOnce) {
  constexpr int64_t kFirst = 3, kImages = 2;
  for (int64_t tile : {4, 2})
    for (int64_t height = 1; height <= 15; ++height)
      for (int64_t width : {1, 4, 6, 7, 13}) {
        const Im2colShape s = shape_of(height, width);
        const WinogradGrid grid(kFirst, kImages, s, tile);
        ASSERT_EQ(grid.tiles(), kImages * winograd_tiles(s, tile));
        std::vector<int> covered(static_cast<size_t>(kImages * height * width));
        for (int64_t t = 0; t < grid.tiles(); ++t) {
          const WinogradGrid::Tile of = grid.at(t);
          for (int64_t p = of.p; p < of.p + of.rows; ++p)
            for (int64_t q = of.q; q < of.q + of.columns; ++q)
              ++covered.at(static_cast<size_t>(((of.image - kFirst) * height + p) * width + q));
          for (bool last_row : {false, true})
            for (bool last_column : {false, true}) {
              const auto [begin, end] = grid.needing(last_row, last_column);
              const bool needs = (!last_row || of.rows == tile) && (!last_column || of.columns == tile);
              ASSERT_EQ(t >= begin && t < end, needs) << height << "x" << width << " tile " << t << last_row << last_column;
            }
        }
        ASSERT_EQ(covered, std::vector<int>(covered.size(), 1)) << height << "x" << width;
      }
}

/// 14 x 14 outputs: 22 places each way instead of 24.
TEST(WinogradGrid, ShortTilesNeedFewerPlaces) {
  const WinogradGrid grid(0, 1, shape_of(14, 14), 4);
  int64_t products = 0;
  for (int64_t place = 0; place < 36; ++place) {
    const auto [begin, end] = grid.needing(place / 6 == 5, place % 6 == 5);
    products += end - begin;
  }
  EXPECT_EQ(products, 22 * 22);
}

}  // namespace
}  // namespace octet::ops
