#include "ops/scratch.h"

#include "tensor/storage.h"

namespace octet::ops {

void* scratch_bytes(Scratch use, size_t bytes) {
  constexpr size_t kUses = 4;
  thread_local Storage buffers[kUses];
  Storage& buffer = buffers[static_cast<size_t>(use)];
  if (buffer.nbytes() < bytes) buffer = Storage(bytes);
  return buffer.data();
}

}  // namespace octet::ops
