#include "ops/support/scratch.h"

#include "tensor/storage.h"

namespace octet::ops {

void* scratch_bytes(Scratch use, size_t bytes) {
  thread_local Storage buffers[kScratchUses];
  Storage& buffer = buffers[static_cast<size_t>(use)];
  if (buffer.nbytes() < bytes) buffer = Storage(bytes);
  return buffer.data();
}

}  // namespace octet::ops
