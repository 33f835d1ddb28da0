// Pictures are Windows bitmaps in base64: no compression is needed, and every browser reads them.
#include "apps/report/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/report/html.h"

namespace octet::apps {
namespace {

std::string base64(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t j = 0; j < 3; ++j) three = three << 8 | (i + j < bytes.size() ? bytes[i + j] : 0);
    for (size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : kDigits[three >> (18 - 6 * j) & 63];
  }
  return text;
}

using Palette = std::vector<std::array<uint8_t, 3>>;  // red, green, blue

/// A Windows bitmap: no compression, and every browser reads it. values: of a pixel `channels` bytes, three colours or with a palette
/// one index into it.
std::vector<uint8_t> bitmap(int64_t width, int64_t height, int64_t channels, const std::vector<uint8_t>& values,
                            const Palette& palette) {
  const int64_t row = (channels * width + 3) / 4 * 4, begin = 54 + 4 * std::ssize(palette);
  std::vector<uint8_t> bytes;
  const auto number = [&](int64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  bytes.push_back('B'), bytes.push_back('M');
  number(begin + row * height, 4), number(0, 4), number(begin, 4);
  number(40, 4), number(width, 4), number(height, 4), number(1, 2), number(8 * channels, 2);
  for (const int64_t field : {int64_t{0}, row * height, int64_t{0}, int64_t{0}, std::ssize(palette), int64_t{0}})
    number(field, 4);
  for (const auto& [r, g, b] : palette) bytes.push_back(b), bytes.push_back(g), bytes.push_back(r), bytes.push_back(0);
  for (int64_t y = height - 1; y >= 0; --y) {  // the lowest row first
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = channels; c-- > 0;) bytes.push_back(values[static_cast<size_t>((y * width + x) * channels + c)]);
    bytes.insert(bytes.end(), static_cast<size_t>(row - channels * width), 0);
  }
  return bytes;
}

std::string image(int64_t width, int64_t height, int zoom, const std::vector<uint8_t>& file, const std::string& alternative) {
  return "<img src=\"data:image/bmp;base64," + base64(file) + "\" width=\"" + std::to_string(width * zoom) + "\" height=\"" +
         std::to_string(height * zoom) + "\" alt=\"" + html(alternative) + "\">";
}

uint8_t shade(double share) { return static_cast<uint8_t>(std::clamp(share, 0.0, 1.0) * 255 + 0.5); }

}  // namespace

std::string draw_filters(const Tensor& weight, int64_t most, const std::string& alternative) {
  constexpr int64_t kInRow = 16;
  const int64_t K = std::min(weight.size(0), most), C = weight.size(1), R = weight.size(2), S = weight.size(3);
  const int64_t columns = std::min(K, kInRow), rows = (K + kInRow - 1) / kInRow, width = columns * (S + 1),
                height = rows * (R + 1);
  float largest = 1e-30f;
  for (int64_t i = 0; i < K * C * R * S; ++i) largest = std::max(largest, std::abs(weight.data<float>()[i]));
  std::vector<uint8_t> rgb(static_cast<size_t>(width * height * 3), 255);
  for (int64_t k = 0; k < K; ++k)
    for (int64_t r = 0; r < R; ++r)
      for (int64_t s = 0; s < S; ++s)
        for (int64_t c = 0; c < 3; ++c) {
          const float w = weight.data<float>()[((k * C + (C == 3 ? c : 0)) * R + r) * S + s];
          const int64_t y = k / kInRow * (R + 1) + r, x = k % kInRow * (S + 1) + s;
          rgb[static_cast<size_t>((y * width + x) * 3 + c)] = shade(0.5 + 0.5 * static_cast<double>(w / largest));
        }
  return image(width, height, 3, bitmap(width, height, 3, rgb, {}), alternative);
}

namespace {

int zoom_of(const Tensor& x) { return static_cast<int>(std::max<int64_t>(1, 112 / std::max<int64_t>(1, x.size(3)))); }

/// share(i): of pixel i, 0 to 1, the place in the palette.
std::string draw_plane(const Tensor& x, int64_t c, const Palette& palette, const std::string& alternative, auto&& share) {
  const int64_t pixels = x.size(2) * x.size(3);
  std::vector<uint8_t> values;
  for (int64_t i = c * pixels; i < (c + 1) * pixels; ++i) values.push_back(shade(share(i)));
  return image(x.size(3), x.size(2), zoom_of(x), bitmap(x.size(3), x.size(2), 1, values, palette), alternative);
}

Palette greys() {
  Palette palette;
  for (int i = 0; i < 256; ++i) palette.push_back({static_cast<uint8_t>(i), static_cast<uint8_t>(i), static_cast<uint8_t>(i)});
  return palette;
}

/// Blue, grey in the middle, red.
Palette blue_to_red() {
  Palette palette;
  for (int i = 0; i < 256; ++i) {
    const double d = i / 127.5 - 1;
    palette.push_back({shade(0.5 + 0.5 * d), shade(0.5 - 0.5 * std::abs(d)), shade(0.5 - 0.5 * d)});
  }
  return palette;
}

}  // namespace

std::string draw_channel(const Tensor& x, int64_t c, float low, float high, const std::string& alternative) {
  static const Palette palette = greys();
  return draw_plane(x, c, palette, alternative,
                    [&](int64_t i) { return static_cast<double>((x.data<float>()[i] - low) / std::max(high - low, 1e-30f)); });
}

std::string draw_difference(const Tensor& value, const Tensor& other, int64_t c, float largest, const std::string& alternative) {
  static const Palette palette = blue_to_red();
  return draw_plane(value, c, palette, alternative, [&](int64_t i) {
    return 0.5 + 0.5 * static_cast<double>((other.data<float>()[i] - value.data<float>()[i]) / std::max(largest, 1e-30f));
  });
}

}  // namespace octet::apps
