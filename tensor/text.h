// Text that somebody else wrote, on its way to a person: names in files, keys, patterns, what a parser complains of.
//
// Such text enters messages through quoted() and printable(), and a finished message reaches the terminal through one_line().
// Neither an escape code of a terminal, nor a line break, nor a megabyte of text passes them.
#pragma once

#include <string>
#include <string_view>

namespace octet {

/// Control characters, quotes, marks that turn the direction of writing and invalid UTF-8 escaped as \xNN; shortened after about
/// 200 bytes.
std::string printable(std::string_view text);
/// printable() between single quotes. (The others keep std::quoted, which argument lookup finds for strings, out: it escapes nothing.)
std::string quoted(std::string_view text);
inline std::string quoted(const std::string& text) { return quoted(std::string_view(text)); }
inline std::string quoted(std::string& text) { return quoted(std::string_view(text)); }

/// A message made of such parts: the same characters escaped, except quotes and backslashes, which it has of its own; shortened
/// after 4,000 bytes.
std::string one_line(std::string_view message);

bool is_utf8(std::string_view text);
/// Nothing in it that printable() would escape or shorten.
bool is_printable(std::string_view text);

}  // namespace octet
