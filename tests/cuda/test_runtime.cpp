// Memory, copies, and what happens to tensors that are on the wrong device.
#include "ops/elementwise.h"
#include "tensor/cuda/caching_allocator.h"
#include "tensor/cuda/missing.h"
#include "tests/cuda/device.h"

namespace octet {
namespace {

using cuda::CachingAllocator;

/// A source that counts, and that runs dry.
struct Counted {
  static inline size_t taken = 0, given = 0, limit = 0;
  static CachingAllocator make(size_t most) { return CachingAllocator(source(most)); }
  static CachingAllocator::Source source(size_t most) {
    taken = given = 0;
    limit = most;
    return {[](size_t nbytes) -> void* {
              if (nbytes > limit) return nullptr;
              limit -= nbytes;
              ++taken;
              auto* block = static_cast<size_t*>(std::malloc(nbytes));
              *block = nbytes;
              return block;
            },
            [](void* block) {
              limit += *static_cast<size_t*>(block);
              ++given;
              std::free(block);
            }};
  }
};

TEST(CachingAllocator, GivesReleasedBlocksOutAgain) {
  CachingAllocator allocator = Counted::make(1 << 30);
  void* first = allocator.allocate(1000);
  allocator.release(first);
  EXPECT_EQ(allocator.allocate(900), first);
  void* second = allocator.allocate(900);
  EXPECT_NE(second, first);
  EXPECT_EQ(Counted::taken, 2u);
  EXPECT_EQ(allocator.in_use(), 2048u);
  allocator.release(first);
  EXPECT_EQ(allocator.in_use(), 1024u);
  EXPECT_EQ(allocator.unused(), 1024u);
  EXPECT_EQ(allocator.peak(), 2048u);
  allocator.release(second);
}

TEST(CachingAllocator, DoesNotServeSmallRequestsFromLargeBlocks) {
  CachingAllocator allocator = Counted::make(1 << 30);
  void* large = allocator.allocate(8 << 20);
  allocator.release(large);
  void* small = allocator.allocate(1 << 20);
  EXPECT_NE(small, large);
  EXPECT_EQ(allocator.allocate(6 << 20), large);  // at most half as much again
  allocator.release(small);
  allocator.release(large);
}

TEST(CachingAllocator, GivesEverythingUnusedBackBeforeItFails) {
  CachingAllocator allocator = Counted::make(size_t{10} << 20);
  void* a = allocator.allocate(4 << 20);
  void* b = allocator.allocate(5 << 20);
  EXPECT_EQ(allocator.allocate(4 << 20), nullptr);
  allocator.release(a);
  allocator.release(b);
  void* both = allocator.allocate(9 << 20);
  EXPECT_NE(both, nullptr);
  EXPECT_EQ(Counted::given, 2u);
  EXPECT_EQ(allocator.allocate(4 << 20), nullptr);
  allocator.release(both);
}

TEST(CachingAllocator, KeepsNothingIfToldSo) {
  CachingAllocator allocator(Counted::source(1 << 20), false);
  void* block = allocator.allocate(1001);
  EXPECT_EQ(allocator.in_use(), 1001u);  // no more than that
  allocator.release(block);
  EXPECT_EQ(Counted::given, 1u);
  EXPECT_EQ(allocator.unused(), 0u);
}

/// A Replay's allocator beside the common one, both of one source.
struct TwoAllocators {
  std::shared_ptr<CachingAllocator> common, own;
  explicit TwoAllocators(size_t most) {
    const CachingAllocator::Source source = Counted::source(most);
    common = std::make_shared<CachingAllocator>(source);
    own = std::make_shared<CachingAllocator>(source);
  }
};

TEST(CachingAllocator, CommonOneHelpsOut) {
  const TwoAllocators two(size_t{10} << 20);
  allocate_from(two.common, 8 << 20);  // released, and kept
  EXPECT_EQ(two.common->unused(), size_t{8} << 20);
  const cuda::UseAllocator use(two.own);
  EXPECT_NE(allocate_here(two.common, 6 << 20), nullptr);
  EXPECT_EQ(two.common->unused(), 0u);
  EXPECT_EQ(two.own->unused(), size_t{6} << 20);
}

// What a graph that is being made has used lies in unused blocks: none may go, however short memory is.
TEST(CachingAllocator, HeldAddressesStay) {
  const TwoAllocators two(size_t{10} << 20);
  const cuda::UseAllocator use(two.own);
  allocate_here(two.common, 6 << 20);
  two.own->hold_addresses();
  EXPECT_EQ(allocate_here(two.common, size_t{10} << 20), nullptr);
  EXPECT_EQ(Counted::given, 0u);
  EXPECT_EQ(two.own->unused(), size_t{6} << 20);
}

TEST(WhatIsMissing, IsSaidInOneLine) {
  cuda::FoundOnMachine good{.driver_version = 13000, .runtime_version = 13000, .devices = 1, .first = {"H100", 9, 0, 132, 80}};
  EXPECT_EQ(what_is_missing(good), "");
  const auto expect = [&](auto&& change, const std::vector<std::string>& parts) {
    cuda::FoundOnMachine found = good;
    change(found);
    EXPECT_TRUE(test::fails_with([&] { fail(what_is_missing(found)); }, parts));
  };
  expect([](auto& f) { f.driver_version = 0; }, {"no NVIDIA driver", "CUDA 13.0"});
  expect([](auto& f) { f.driver_version = 12040, f.driver_too_old = true; }, {"for CUDA 12.4", "older than the 13.0", "update"});
  expect([](auto& f) { f.devices = 0; }, {"no CUDA device", "CUDA_VISIBLE_DEVICES"});
  expect([](auto& f) { f.error = "system not ready (cudaErrorSystemNotReady)"; }, {"cudaErrorSystemNotReady", "nvidia-smi"});
  expect([](auto& f) { f.first = {"Tesla V100", 7, 0, 80, 16}; }, {"Tesla V100", "compute capability 7.0", "7.5 or newer"});
  good.first = {"T4", 7, 5, 40, 16};
  EXPECT_EQ(what_is_missing(good), "");
}

class Runtime : public test::OnCuda {};

TEST_F(Runtime, TensorsGoThereAndBack) {
  for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7}, Shape{3, 1000, 1001}}) {  // the last one in several parts
    const Tensor x = test::random_floats(shape, 1);
    EXPECT_TRUE(test::bits_equal(test::back(test::there(x)), x)) << shape;
    EXPECT_TRUE(test::bits_equal(test::back(test::there(x).clone()), x)) << shape;
  }
  const Tensor x = test::random_floats({6, 5}, 2);
  EXPECT_TRUE(test::bits_equal(test::back(test::there(x).slice(2, 4).reshape({10})), x.slice(2, 4).reshape({10})));
  EXPECT_TRUE(test::bits_equal(test::back(Tensor::zeros({9}, DType::i32, Device::cuda)), Tensor::zeros({9}, DType::i32)));
}

TEST_F(Runtime, CopiesAreOfTheMomentOfTheCall) {
  Tensor x = Tensor::full({1 << 22}, 1);
  const Tensor on_device = test::there(x);
  for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = 2;
  EXPECT_TRUE(test::bits_equal(test::back(on_device), Tensor::full({1 << 22}, 1)));
}

TEST_F(Runtime, WrongDeviceIsAnError) {
  const Tensor x = test::random_floats({2, 3}, 3);
  const Tensor on_device = test::there(x);
  EXPECT_TRUE(test::fails_with([&] { on_device.data<float>(); }, {"float32 [2, 3]", "is on cuda", "cpu only"}));
  EXPECT_TRUE(test::fails_with([&] { x.cuda_data<float>(); }, {"is on cpu", "cuda only"}));
  EXPECT_TRUE(test::fails_with([&] { ops::add(x, on_device); }, {"add", "on cpu and on cuda"}));
}

TEST_F(Runtime, ReleasedMemoryIsUsedAgain) {
  if (!cuda::keeps_released_blocks()) GTEST_SKIP() << "OCTET_CUDA_CACHE=off gives it back";
  const size_t before = cuda::memory_use().now;
  const std::byte* first = Tensor({1 << 20}, DType::f32, Device::cuda).cuda_bytes();
  EXPECT_EQ(Tensor({1 << 20}, DType::f32, Device::cuda).cuda_bytes(), first);
  EXPECT_EQ(cuda::memory_use().now, before);
  EXPECT_GE(cuda::memory_use().peak, before + (size_t{4} << 20));
}

TEST_F(Runtime, MoreMemoryThanThereIsIsAnError) {
  EXPECT_TRUE(test::fails_with([&] { Tensor({int64_t{1} << 38}, DType::f32, Device::cuda); }, {"out of", "memory"}));
}

}  // namespace
}  // namespace octet
