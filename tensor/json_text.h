// The one door for JSON from files. Its size, depth and numbers of values and names are counted in the text before a parser makes
// anything of it: what walks over the values afterwards (copies, dumps) may then be recursive.
//
// A template, because this folder has no JSON library: Json is one of nlohmann's types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tensor/error.h"
#include "tensor/text.h"

namespace octet {

struct JsonLimits {
  uint64_t bytes = uint64_t{64} << 20;
  int depth = 32;
  uint64_t values = 4'000'000;  // of all kinds; a parsed one takes some 100 bytes
  uint64_t names = 4'000'000;   // of members; ordered_json looks for each among all those before it
};

/// Throws Error, one line that begins with `where`, for text beyond a limit. It need not be JSON.
void check_json_limits(std::string_view text, const JsonLimits& limits, const std::string& where);

/// Throws Error, one line that begins with `where`, for text beyond a limit and for what is no JSON.
template <class Json>
Json parse_json(std::string_view text, const JsonLimits& limits, const std::string& where) {
  check_json_limits(text, limits, where);
  try {
    return Json::parse(text);
  } catch (const typename Json::exception& error) {
    fail(where, ": not JSON: ", printable(error.what()));
  }
}

/// The beginning of a value, for a message.
template <class Json>
std::string excerpt(const Json& value) {
  return printable(value.dump());
}

}  // namespace octet
