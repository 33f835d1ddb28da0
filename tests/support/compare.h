// How tests compare tensors: integers exactly, with the statistics of what differs; floats within a stated tolerance.
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "tensor/tensor.h"

namespace octet::test {

/// Codes or other integers, all equal. A failure prints % equal, the largest difference and the mean signed difference.
inline ::testing::AssertionResult codes_equal(const Tensor& got, const Tensor& want) {
  if (got.shape() != want.shape())
    return ::testing::AssertionFailure() << "shape " << got.shape() << ", expected " << want.shape();
  int64_t equal = 0, largest = 0, total = 0, first = -1;
  const auto value = [](const Tensor& t, int64_t i) -> int64_t {
    if (holds<uint8_t>(t.dtype())) return t.data<uint8_t>()[i];
    if (holds<int8_t>(t.dtype())) return t.data<int8_t>()[i];
    return t.data<int32_t>()[i];
  };
  for (int64_t i = 0; i < got.numel(); ++i) {
    const int64_t difference = value(got, i) - value(want, i);
    equal += difference == 0;
    total += difference;
    largest = std::max(largest, std::abs(difference));
    if (difference != 0 && first < 0) first = i;
  }
  if (equal == got.numel()) return ::testing::AssertionSuccess();
  const auto n = static_cast<double>(got.numel());
  return ::testing::AssertionFailure() << 100.0 * static_cast<double>(equal) / n << " % of " << got.numel()
                                       << " codes equal, largest difference " << largest << ", mean signed difference "
                                       << static_cast<double>(total) / n << ", first at " << first << ": got "
                                       << value(got, first) << ", expected " << value(want, first);
}

/// |got - want| <= atol + rtol * |want| for every element; torch.testing's float32 defaults.
inline ::testing::AssertionResult all_close(const Tensor& got, const Tensor& want, float rtol = 1.3e-6f, float atol = 1e-5f) {
  if (got.shape() != want.shape())
    return ::testing::AssertionFailure() << "shape " << got.shape() << ", expected " << want.shape();
  const float *g = got.data<float>(), *w = want.data<float>();
  for (int64_t i = 0; i < got.numel(); ++i)
    if (!(std::fabs(g[i] - w[i]) <= atol + rtol * std::fabs(w[i])))
      return ::testing::AssertionFailure() << "element " << i << ": got " << g[i] << ", expected " << w[i];
  return ::testing::AssertionSuccess();
}

/// The same bits.
inline ::testing::AssertionResult bits_equal(const Tensor& got, const Tensor& want) {
  if (got.shape() != want.shape() || got.dtype() != want.dtype())
    return ::testing::AssertionFailure() << got.dtype() << " " << got.shape() << ", expected " << want.dtype() << " "
                                         << want.shape();
  const size_t width = size_of(got.dtype());
  for (size_t i = 0; i < static_cast<size_t>(got.numel()); ++i)
    if (std::memcmp(got.bytes() + i * width, want.bytes() + i * width, width) != 0) {
      auto failure = ::testing::AssertionFailure() << "element " << i << " differs";
      if (got.dtype() == DType::f32) failure << ": got " << got.data<float>()[i] << ", expected " << want.data<float>()[i];
      return failure;
    }
  return ::testing::AssertionSuccess();
}

/// EXPECT_THAT-like check of an Error's text: every part must be in it, on one line.
template <class Function>
::testing::AssertionResult fails_with(Function&& function, const std::vector<std::string>& parts) {
  try {
    function();
  } catch (const Error& error) {
    const std::string text = error.what();
    for (const std::string& part : parts)
      if (text.find(part) == std::string::npos)
        return ::testing::AssertionFailure() << "error '" << text << "' does not contain '" << part << "'";
    if (text.find('\n') != std::string::npos) return ::testing::AssertionFailure() << "error has several lines: " << text;
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "no error";
}

}  // namespace octet::test
