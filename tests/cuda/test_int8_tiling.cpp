// The choice of a tiling, for the layers of ResNet18 on an H100's 132 multiprocessors, and the addresses in shared memory.
#include "ops/cuda/int8_tiling.h"

#include <gtest/gtest.h>

#include <set>

#include "ops/cuda/int8_conv2d_kernel.h"

namespace octet::ops::cuda {
namespace {

constexpr size_t kLarge = 0, kNarrow = 1, kSmall = 3, kSmallest = 4;

TEST(Int8Tiling, LargeBatchesTakeLargeTiles) {
  EXPECT_EQ(fastest_int8_tiling(256 * 3136, 64, 576, 132), kNarrow);  // of 128 columns half would be nothing
  EXPECT_EQ(fastest_int8_tiling(256 * 784, 128, 1152, 132), kLarge);
  EXPECT_EQ(fastest_int8_tiling(256 * 196, 256, 2304, 132), kLarge);
}

TEST(Int8Tiling, OneImageKeepsManyMultiprocessorsAtWork) {
  EXPECT_EQ(fastest_int8_tiling(784, 128, 1152, 132), kSmall);
  EXPECT_EQ(fastest_int8_tiling(49, 512, 4608, 132), kSmallest);
  EXPECT_EQ(fastest_int8_tiling(1, 10, 512, 132), kSmallest);
}

TEST(Int8Tiling, AllTheSameOnOneMultiprocessor) {
  for (size_t i = 0; i < kInt8Tilings; ++i)
    EXPECT_GE(int8_tiling_cycles(i, 3136, 64, 576, 1), int8_tiling_cycles(kNarrow, 3136, 64, 576, 1)) << i;
}

// ldmatrix reads 8 rows of 16 bytes at a time, in one go if they lie in the 8 different 16 bytes of a line of 128.
TEST(Int8Tiling, RowsReadTogetherMeetDifferentBanks) {
  for (size_t tiling = 0; tiling < kInt8Tilings; ++tiling)
    visit_int8_tiling(tiling, []<class T>() {
      using Kernel = Int8ConvKernel<T, 16>;
      for (int first = 0; first < 16; first += 8)
        for (int chunk = 0; chunk < Kernel::kChunks; ++chunk) {
          std::set<int> banks;
          for (int row = first; row < first + 8; ++row) banks.insert((row * Kernel::kChunks + Kernel::place(row, chunk)) % 8);
          EXPECT_EQ(banks.size(), 8u) << T::kDepth << " " << chunk;
        }
      for (int row = 0; row < 16; ++row) {
        std::set<int> places;
        for (int chunk = 0; chunk < Kernel::kChunks; ++chunk) places.insert(Kernel::place(row, chunk));
        EXPECT_EQ(places.size(), static_cast<size_t>(Kernel::kChunks));
        EXPECT_EQ(*places.rbegin(), Kernel::kChunks - 1);
      }
    });
}

}  // namespace
}  // namespace octet::ops::cuda
