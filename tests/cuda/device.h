// What the tests of this folder share. They compare the device with the CPU, whose ops have tests of their own. tests_cuda and
// tests_cuda_networks run them on a GPU and skip them where there is none; those that end in _emulated run the same kernels on
// the CPU, everywhere.
#pragma once

#include <gtest/gtest.h>

#include "tensor/cuda/runtime.h"
#include "tensor/tensor.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::test {

class OnCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!cuda::missing().empty()) GTEST_SKIP() << cuda::missing();
  }
};

/// The function's result on the device, back on the CPU. Arguments that are tensors are taken there.
inline Tensor there(const Tensor& x) { return x.to(Device::cuda); }
inline Tensor back(const Tensor& x) {
  EXPECT_TRUE(x.on_cuda());
  return x.to(Device::cpu);
}

}  // namespace octet::test
