// NumPy's arrays.
#include "loaders/files/npy.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  octet::fuzz::allow_errors([&] { octet::loaders::read_npy(std::as_bytes(std::span(data, size)), "fuzz"); });
  return 0;
}
