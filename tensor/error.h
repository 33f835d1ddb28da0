// The one exception of the project, and the check macro that throws it.
//
// An error text names the op or file, what was expected, what came, and what to do about it:
//     OCTET_CHECK(x.dim() == 4, "conv2d: input must be [N, C, H, W], got ", x.shape());
// Apps print the text in one line on stderr and exit 1.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace octet {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Concatenates anything that can be streamed: str("got ", 3, " of ", shape).
template <class... Parts>
std::string str(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws Error with the concatenated parts.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(str(parts...));
}

}  // namespace octet

/// Throws octet::Error with the concatenated message when the condition does not hold. The message is only built then.
#define OCTET_CHECK(condition, ...) \
  do {                              \
    if (!(condition)) [[unlikely]]  \
      ::octet::fail(__VA_ARGS__);   \
  } while (false)
