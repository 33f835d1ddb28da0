#include "tensor/text.h"

#include <cstdint>

namespace octet {
namespace {

constexpr size_t kLongestText = 200, kLongestMessage = 4000;

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

/// Acts on a terminal instead of being shown: C0 and C1 controls, line and paragraph separators, marks that turn the direction
/// of writing (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
bool is_control(std::string_view sequence) {
  const auto at = [&](size_t k) { return static_cast<uint8_t>(sequence[k]); };
  if (sequence.size() == 1) return at(0) < 0x20 || at(0) == 0x7f;
  if (sequence.size() == 2) return at(0) == 0xc2 && at(1) < 0xa0;
  if (sequence.size() != 3 || at(0) != 0xe2) return false;
  const uint8_t last = at(2);
  if (at(1) == 0x80) return last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae);
  return at(1) == 0x81 && last >= 0xa6 && last <= 0xa9;
}

std::string escaped(std::string_view text, size_t longest, std::string_view besides) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (out.size() > longest) return out + "...";
    const size_t length = utf8_length(text, i);
    const std::string_view sequence = text.substr(i, length == 0 ? 1 : length);
    if (length == 0 || is_control(sequence) || besides.find(text[i]) != besides.npos)
      for (const char c : sequence) out += {'\\', 'x', kHex[static_cast<uint8_t>(c) >> 4], kHex[static_cast<uint8_t>(c) & 15]};
    else
      out += sequence;
    i += sequence.size();
  }
  return out;
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

std::string printable(std::string_view text) { return escaped(text, kLongestText, "'\\"); }
std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }
std::string one_line(std::string_view message) { return escaped(message, kLongestMessage, ""); }
bool is_printable(std::string_view text) { return text.size() <= kLongestText && printable(text) == text; }

}  // namespace octet
