#include "tensor/philox.h"

#include <gtest/gtest.h>

#include <vector>

namespace octet {
namespace {

std::vector<uint32_t> words(PhiloxWords counter, uint64_t key) {
  const PhiloxWords out = philox4x32_10(counter, key);
  return {out.words, out.words + 4};
}

// The known answers that Random123, the paper's own library, publishes (kat_vectors: philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(words({{0, 0, 0, 0}}, 0), (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(words({{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}, 0xffffffffffffffff),
            (std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0x299f31d0a4093822),  // digits of pi
            (std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

}  // namespace
}  // namespace octet
