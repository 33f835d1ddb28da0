// Escapes text and formats numbers.
#include "apps/report/html.h"

#include <cctype>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "tensor/text.h"

namespace octet::apps {

std::string html(std::string_view text) {
  std::string escaped;
  for (const char c : one_line(text)) switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  return escaped;
}

std::string anchor(std::string_view name) {
  std::string made;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '_' || c == '.' || c == '-')
      made += c;
    else
      made += "_" + std::to_string(byte);
  }
  return made;
}

std::string fixed(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

std::string percent(double share, int digits) { return fixed(100 * share, digits) + " %"; }

std::string decibels(double sqnr) { return std::isfinite(sqnr) ? fixed(sqnr, 1) + " dB" : "exact"; }

}  // namespace octet::apps
