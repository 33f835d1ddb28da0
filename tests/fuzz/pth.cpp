// PyTorch's checkpoints: zip archive, pickle, tensors. With its card, and whole models.
#include "loaders/checkpoints/checkpoint.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const octet::fuzz::MemoryFile file(data, size);
  octet::fuzz::allow_errors([&] { octet::loaders::open_checkpoint(file.path()); });
  octet::fuzz::allow_errors([&] { octet::loaders::read_card(file.path()); });
  return 0;
}
