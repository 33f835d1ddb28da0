#include "tensor/json_text.h"

namespace octet {
namespace {

/// The end of the string that begins at text[begin], a quote.
size_t end_of_string(std::string_view text, size_t begin) {
  size_t i = begin + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return i;
}

}  // namespace

void check_json_limits(std::string_view text, const JsonLimits& limits, const std::string& where) {
  OCTET_CHECK(text.size() <= limits.bytes, where, ": ", text.size(), " bytes of JSON, expected at most ", limits.bytes);
  int depth = 0;
  uint64_t values = 1, names = 0;  // each value but the first stands behind a bracket, a comma or a colon
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') i = end_of_string(text, i);
    depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    values += c == '[' || c == '{' || c == ',';
    names += c == ':';
    OCTET_CHECK(depth <= limits.depth, where, ": nested more than ", limits.depth, " deep");
    OCTET_CHECK(values <= limits.values, where, ": more than ", limits.values, " values");
    OCTET_CHECK(names <= limits.names, where, ": more than ", limits.names, " names");
  }
}

}  // namespace octet
