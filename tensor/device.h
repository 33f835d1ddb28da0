// Where a tensor's bytes are and where it is computed with. Never a fallback: what a device cannot do is an error.
#pragma once

#include <ostream>
#include <string_view>

namespace octet {

enum class Device { cpu, cuda };

std::string_view name_of(Device device);
std::ostream& operator<<(std::ostream& out, Device device);

/// "cpu", "cuda", or "auto": cuda where there is one. Throws Error for anything else, and for "cuda" where it cannot be used,
/// saying what is missing.
Device parse_device(std::string_view name);

}  // namespace octet
