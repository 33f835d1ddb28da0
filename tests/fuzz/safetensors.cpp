// safetensors: the JSON of its header, offsets, types, metadata, and the card in it.
#include "loaders/checkpoints/safetensors.h"

#include "loaders/checkpoints/model_card.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const octet::fuzz::MemoryFile file(data, size);
  octet::fuzz::allow_errors([&] {
    const auto contents = octet::loaders::load_safetensors(file.path());
    octet::loaders::find_card(contents.metadata, "fuzz");
  });
  return 0;
}
