// Zip archives by themselves: directory, records stored and deflated, CRCs.
#include "loaders/files/zip.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  octet::fuzz::allow_errors([&] {
    const octet::loaders::Zip zip(std::as_bytes(std::span(data, size)), "fuzz");
    for (const auto& entry : zip.entries()) octet::fuzz::allow_errors([&] { zip.read(entry); });
  });
  return 0;
}
