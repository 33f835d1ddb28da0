// Archives of images: gzip, tar headers, long names, links.
#include "loaders/files/tar_gz.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const octet::fuzz::MemoryFile file(data, size);
  octet::fuzz::allow_errors([&] {
    octet::loaders::read_tar_gz(file.path(), {.wanted = [](const std::string& name) { return name.size() % 2 == 0; },
                                              .take = [](const std::string&, const std::vector<uint8_t>&) {},
                                              .folder = [](const std::string&) {}});
  });
  return 0;
}
