#include "tensor/storage.h"

#include <cstdlib>

#include "tensor/error.h"

namespace octet {
namespace {
constexpr size_t kAlignment = 64;
}

Storage::Storage(size_t nbytes) : nbytes_(nbytes) {
  const size_t rounded = (nbytes + kAlignment - 1) / kAlignment * kAlignment;
  auto* bytes = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded ? rounded : kAlignment));
  OCTET_CHECK(bytes != nullptr, "out of memory: could not allocate ", nbytes, " bytes; use a smaller batch");
  bytes_ = std::shared_ptr<std::byte>(bytes, [](std::byte* p) { std::free(p); });
}

}  // namespace octet
