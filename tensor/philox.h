// Random numbers by place instead of by turn: philox4x32_10(counter, key) is four random words that depend on nothing else, so
// thousands of threads draw the same numbers as one. Ten rounds of two 32-bit products, with a key that moves on each round.
// Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3" (doi:10.1145/2063384.2063405); what torch.cuda draws from.
#pragma once

#include <cstdint>

#include "tensor/host_device.h"

namespace octet {

struct PhiloxWords {
  uint32_t words[4];
};

OCTET_HD inline PhiloxWords philox4x32_10(PhiloxWords counter, uint64_t key) {
  constexpr uint32_t kMultipliers[2] = {0xD2511F53, 0xCD9E8D57};
  constexpr uint32_t kWeyl[2] = {0x9E3779B9, 0xBB67AE85};  // of the golden ratio and of the square root of 3
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  uint32_t* c = counter.words;
  for (int round = 0; round < 10; ++round) {
    const uint64_t even = uint64_t{kMultipliers[0]} * c[0], odd = uint64_t{kMultipliers[1]} * c[2];
    c[0] = static_cast<uint32_t>(odd >> 32) ^ c[1] ^ k0;
    c[1] = static_cast<uint32_t>(odd);
    c[2] = static_cast<uint32_t>(even >> 32) ^ c[3] ^ k1;
    c[3] = static_cast<uint32_t>(even);
    k0 += kWeyl[0];
    k1 += kWeyl[1];
  }
  return counter;
}

}  // namespace octet
