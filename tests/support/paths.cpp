#include "tests/support/paths.h"

namespace octet::test {

std::string source_dir() { return OCTET_SOURCE_DIR; }
std::string binary_dir() { return OCTET_BINARY_DIR; }
std::string stand_in_driver_dir() { return OCTET_STAND_IN_DRIVER; }

}  // namespace octet::test
