#include "ops/support/even_pieces.h"

#include <gtest/gtest.h>

#include <vector>

namespace octet::ops {
namespace {

TEST(EvenPieces, AreAsFewAsCanBeAndAboutAsLong) {
  const auto lengths = [](int64_t size, int64_t most) {
    const EvenPieces pieces(size, most);
    std::vector<int64_t> lengths;
    for (int64_t i = 0; i < pieces.count; ++i) lengths.push_back(pieces.length(i));
    return lengths;
  };
  using Lengths = std::vector<int64_t>;
  EXPECT_EQ(lengths(8, 4), (Lengths{4, 4}));
  EXPECT_EQ(lengths(7, 4), (Lengths{4, 3}));
  EXPECT_EQ(lengths(14, 4), (Lengths{4, 4, 3, 3}));
  EXPECT_EQ(lengths(9, 4), (Lengths{3, 3, 3}));
  EXPECT_EQ(lengths(5, 4), (Lengths{3, 2}));
  EXPECT_EQ(lengths(1, 4), (Lengths{1}));
  EXPECT_EQ(lengths(49, 6), (Lengths{6, 6, 6, 6, 5, 5, 5, 5, 5}));
}

TEST(EvenPieces, LieOneBehindTheOther) {
  for (int64_t size = 1; size < 60; ++size)
    for (int64_t most : {1, 4, 6}) {
      const EvenPieces pieces(size, most);
      int64_t next = 0;
      for (int64_t i = 0; i < pieces.count; ++i) {
        EXPECT_EQ(pieces.start(i), next);
        next += pieces.length(i);
      }
      EXPECT_EQ(next, size);
    }
}

}  // namespace
}  // namespace octet::ops
