#include "tensor/memory_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace octet {
namespace {

using Block = MemoryPool::Block;

constexpr size_t kSizes[] = {0, 1, 64, 16 << 10, (16 << 10) + 1, 100'000, 1 << 20, (2 << 20) - 64, 2 << 20, 5'000'000};

TEST(MemoryPool, BlocksAreAlignedAndApart) {
  MemoryPool pool;
  std::vector<Block> blocks;
  for (int round = 0; round < 20; ++round)  // several slabs
    for (const size_t size : kSizes) {
      const Block block = pool.take(size);
      ASSERT_NE(block.bytes, nullptr);
      EXPECT_GE(block.size, size);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block.bytes) % MemoryPool::kAlignment, 0u);
      std::memset(block.bytes, static_cast<int>(blocks.size() % 251), block.size);
      blocks.push_back(block);
    }
  for (size_t i = 0; i < blocks.size(); ++i) {
    for (const size_t at : {size_t{0}, blocks[i].size / 2, blocks[i].size - 1})
      EXPECT_EQ(blocks[i].bytes[at], static_cast<std::byte>(i % 251)) << "block " << i;
    pool.give(blocks[i]);
  }
}

TEST(MemoryPool, GivesOutAgainWhatWasGivenBack) {
  MemoryPool pool;
  for (const size_t size : {size_t{100'000}, size_t{3} << 20}) {
    const Block first = pool.take(size), second = pool.take(2 * size);
    pool.give(second);
    pool.give(first);
    const Block again[] = {pool.take(size - 64), pool.take(size), pool.take(size)};
    EXPECT_EQ(again[0].bytes, first.bytes) << "the smallest that is large enough";
    EXPECT_EQ(again[1].bytes, second.bytes);
    EXPECT_NE(again[2].bytes, second.bytes);
    for (const Block& block : again) pool.give(block);
  }
}

/// What is kept is bounded: blocks that were given back first are freed, with their slab when it has no others.
TEST(MemoryPool, KeepsNoMoreThanItsBound) {
  MemoryPool pool;
  constexpr size_t kBlock = size_t{1} << 20, kBlocks = 2 * MemoryPool::kMostKept / kBlock;
  std::vector<Block> blocks;
  for (size_t i = 0; i < kBlocks; ++i) blocks.push_back(pool.take(kBlock));
  for (const Block& block : blocks) pool.give(block);
  EXPECT_EQ(pool.kept_bytes(), MemoryPool::kMostKept);
  pool.free_all();
  EXPECT_EQ(pool.kept_bytes(), 0u);
  const Block after = pool.take(kBlock);  // from a new slab
  std::memset(after.bytes, 1, after.size);
  pool.give(after);
}

TEST(MemoryPool, KeepsNoMoreThanAsked) {
  MemoryPool pool;
  constexpr size_t kBlock = size_t{4} << 20;
  const Block blocks[] = {pool.take(kBlock), pool.take(kBlock), pool.take(kBlock)};
  for (const Block& block : blocks) pool.give(block);
  EXPECT_EQ(pool.kept_bytes(), 3 * kBlock);
  pool.keep_at_most(kBlock);
  EXPECT_EQ(pool.kept_bytes(), kBlock) << "at once";
  const Block more[] = {pool.take(kBlock), pool.take(kBlock)};
  for (const Block& block : more) pool.give(block);
  EXPECT_EQ(pool.kept_bytes(), kBlock) << "and from then on";
}

TEST(MemoryPool, SaysWhenMemoryHasRunOut) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer ends the program instead";
#endif
  MemoryPool pool;
  EXPECT_EQ(pool.take(size_t{1} << 60).bytes, nullptr);
}

}  // namespace
}  // namespace octet
