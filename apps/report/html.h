// Text for an HTML page: escaped, and numbers as a person reads them.
#pragma once

#include <string>
#include <string_view>

namespace octet::apps {

/// Text of anybody's: its control characters escaped (one_line of tensor/text.h), and &, <, >, " and ' as entities.
std::string html(std::string_view text);
/// What a link may end in: letters, digits, _ . and - stay, other bytes become their number.
std::string anchor(std::string_view name);

/// "12.35", with so many digits behind the point.
std::string fixed(double value, int digits);
/// A share from 0 to 1 as "97.94 %".
std::string percent(double share, int digits = 2);
/// "31.4 dB", or "exact" where nothing differs.
std::string decibels(double sqnr);

}  // namespace octet::apps
