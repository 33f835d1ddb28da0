#include "loaders/files/bytes.h"

namespace octet::loaders {
namespace {

constexpr size_t kLongestText = 200;

/// Length of the UTF-8 sequence at text[i], 0 when it is not one (Unicode 15, table 3-7: no overlong forms, no surrogates).
size_t utf8_length(std::string_view text, size_t i) {
  const auto at = [&](size_t k) { return k < text.size() ? static_cast<uint8_t>(text[k]) : uint8_t{0}; };
  const auto continues = [&](size_t k) { return (at(k) & 0xc0) == 0x80; };
  const uint8_t first = at(i), second = at(i + 1);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !continues(i + 1)) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) {
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return continues(i + 2) ? 3 : 0;
  }
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return continues(i + 2) && continues(i + 3) ? 4 : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (out.size() > kLongestText) return out + "...";
    const auto c = static_cast<uint8_t>(text[i]);
    const size_t length = utf8_length(text, i);
    if (length == 0 || c < 0x20 || c == 0x7f || c == '\'' || c == '\\') {
      out += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

}  // namespace octet::loaders
