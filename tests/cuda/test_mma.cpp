// The fragments of the tensor cores' product of bytes: put together from lanes, taken apart by dp4a, against plain loops.
#include "ops/cuda/mma.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "tests/support/make.h"

namespace octet::ops::cuda {
namespace {

struct Case {
  uint8_t a[kMmaRows][kMmaDepth];
  int8_t b[kMmaDepth][kMmaCols];
  int32_t c[kMmaRows][kMmaCols];
  uint32_t a_registers[32][4] = {}, b_registers[32][2] = {};  // by lane
  int32_t c_registers[32][4] = {};

  explicit Case(uint64_t seed) {
    Generator generator(seed);
    for (auto& row : a)
      for (auto& v : row) v = static_cast<uint8_t>(generator.below(256));
    for (auto& row : b)
      for (auto& v : row) v = static_cast<int8_t>(static_cast<int>(generator.below(256)) - 128);
    for (auto& row : c)
      for (auto& v : row) v = static_cast<int32_t>(generator.below(1000)) - 500;
    for (int lane = 0; lane < 32; ++lane) {
      for (int i = 0; i < 4; ++i) {
        std::memcpy(&a_registers[lane][i], &a[mma_a_row(lane, i)][mma_a_k(lane, i)], 4);
        c_registers[lane][i] = c[mma_c_row(lane, i)][mma_c_col(lane, i)];
      }
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 4; ++j)
          b_registers[lane][i] |= static_cast<uint32_t>(static_cast<uint8_t>(b[mma_b_k(lane, i) + j][mma_b_col(lane)]))
                                  << (8 * j);
    }
  }

  void expect_product() const {
    for (int lane = 0; lane < 32; ++lane)
      for (int i = 0; i < 4; ++i) {
        const int row = mma_c_row(lane, i), col = mma_c_col(lane, i);
        int32_t want = c[row][col];
        for (int k = 0; k < kMmaDepth; ++k) want += a[row][k] * b[k][col];
        EXPECT_EQ(c_registers[lane][i], want) << row << " " << col;
      }
  }
};

TEST(Mma, FragmentsHoldEachElementOnce) {
  std::set<std::pair<int, int>> a, b, c;
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i)
      a.emplace(mma_a_row(lane, i), mma_a_k(lane, i)), c.emplace(mma_c_row(lane, i), mma_c_col(lane, i));
    for (int i = 0; i < 2; ++i) b.emplace(mma_b_k(lane, i), mma_b_col(lane));
  }
  EXPECT_EQ(a.size(), kMmaRows * kMmaDepth / 4u);
  EXPECT_EQ(b.size(), kMmaCols * kMmaDepth / 4u);
  EXPECT_EQ(c.size(), kMmaRows * kMmaCols * 1u);
}

TEST(Mma, LoadedMatricesAreTheFragments) {
  Case x(3);
  uint32_t a[32][4], b[32][4];
  int8_t columns[2 * kMmaCols][kMmaDepth];  // of B twice, the second time one more
  for (int col = 0; col < 2 * kMmaCols; ++col)
    for (int k = 0; k < kMmaDepth; ++k) columns[col][k] = static_cast<int8_t>(x.b[k][col % kMmaCols] + col / kMmaCols);
  MatrixRow rows[32];
  for (int lane = 0; lane < 32; ++lane) rows[lane] = {&x.a[matrix_a_row(lane)][matrix_a_k(lane)], a[lane]};
  load_matrices(rows);
  for (int lane = 0; lane < 32; ++lane) rows[lane] = {&columns[matrix_b_col(lane)][matrix_b_k(lane)], b[lane]};
  load_matrices(rows);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) EXPECT_EQ(a[lane][i], x.a_registers[lane][i]) << lane;
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(b[lane][i], x.b_registers[lane][i]) << lane;
      uint32_t second = 0;
      std::memcpy(&second, &columns[kMmaCols + mma_b_col(lane)][mma_b_k(lane, i)], 4);
      EXPECT_EQ(b[lane][2 + i], second) << lane;
    }
  }
}

TEST(Mma, EmulatedWarpMultiplies) {
  Case x(1);
  MmaOperands lanes[32];
  for (int lane = 0; lane < 32; ++lane) lanes[lane] = {x.a_registers[lane], x.b_registers[lane], x.c_registers[lane]};
  mma_u8_s8(lanes);
  x.expect_product();
}

TEST(Mma, ByDp4aTheSame) {
  Case x(2);
  for (int lane = 0; lane < 32; ++lane)
    mma_by_dp4a(
        lane, [&](int other, int i) { return x.a_registers[other][i]; },
        [&](int other, int i) { return x.b_registers[other][i]; }, x.c_registers[lane]);
  x.expect_product();
}

}  // namespace
}  // namespace octet::ops::cuda
