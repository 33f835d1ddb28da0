// A convolution of codes as one matrix product: 3x3 pixels with padding, unfolded, multiplied, and made a code again.
#include <array>
#include <nlohmann/json.hpp>

#include "apps/lesson/lesson.h"
#include "ops/conv/conv2d.h"
#include "ops/conv/im2col.h"
#include "ops/int8/conv2d.h"

namespace octet::apps {
namespace {

constexpr int kZero = 114;  // the zero point of normalized pixels
constexpr std::array<uint8_t, 9> kImage = {120, 131, 117, 90, 160, 114, 101, 140, 125};
constexpr std::array<int8_t, 9> kFilter = {-3, 5, 0, 8, 20, -7, 1, -12, 4};

void tell_rows(std::ostream& out, const std::vector<uint8_t>& columns, int64_t cols) {
  const char* taps[] = {"-3", "5", "0", "8", "20", "-7", "1", "-12", "4"};
  for (size_t tap = 0; tap < kFilter.size(); ++tap)
    out << "  " << number("%4s", taps[tap]) << " |"
        << row("%4d", std::span(columns).subspan(tap * static_cast<size_t>(cols), static_cast<size_t>(cols))) << "\n";
}

}  // namespace

void tell_im2col(std::ostream& out, nlohmann::json& numbers) {
  const ops::Im2colShape shape = ops::conv2d_shape({1, 1, 3, 3}, {1, 1, 3, 3}, {.padding = 1});
  std::vector<uint8_t> columns(static_cast<size_t>(shape.rows() * shape.cols()));
  ops::im2col<uint8_t>(kImage.data(), shape, kZero, columns.data());
  out << "image of codes, zero point " << kZero << "\n";
  for (size_t h = 0; h < 3; ++h) out << row("%5d", std::span(kImage).subspan(3 * h, 3)) << "\n";
  out << "unfolded with padding 1: a row for each tap of the filter, a column for each output\n";
  tell_rows(out, columns, shape.cols());

  std::vector<int> sums(static_cast<size_t>(shape.cols()));
  for (size_t tap = 0; tap < kFilter.size(); ++tap)
    for (size_t at = 0; at < sums.size(); ++at) sums[at] += (columns[tap * sums.size() + at] - kZero) * kFilter[tap];
  out << "sums of (code - " << kZero << ") * weight\n " << row("%6d", sums) << "\n";

  Tensor weight({1, 1, 3, 3}, DType::qint8), x({1, 3, 3, 1}, DType::quint8);
  std::copy(kFilter.begin(), kFilter.end(), weight.data<int8_t>());
  std::copy(kImage.begin(), kImage.end(), x.data<uint8_t>());
  const ops::int8::Conv2d conv({{.weight = weight,
                                 .weight_scale = {0.0078125f},
                                 .bias = {},
                                 .relu = false,
                                 .engine = ops::int8::Engine::qnnpack,
                                 .input = {0.015625f, kZero},
                                 .output = {0.001953125f, 100}},
                                {.padding = 1}});
  const Tensor y = conv(x);
  out << "codes: round(sum * 1/64 * 1/128 / (1/512)) + 100, as the int8 convolution gives them\n "
      << row("%6d", std::span(y.data<uint8_t>(), 9)) << "\n";

  numbers = {{"image", kImage}, {"zero_point", kZero}, {"filter", kFilter}, {"columns", columns}, {"sums", sums}};
  numbers["codes"] = std::vector<int>(y.data<uint8_t>(), y.data<uint8_t>() + 9);
}

}  // namespace octet::apps
