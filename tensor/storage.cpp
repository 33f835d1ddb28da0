#include "tensor/storage.h"

#include "tensor/cuda/runtime.h"
#include "tensor/error.h"
#include "tensor/memory_pool.h"

namespace octet {

Storage::Storage(size_t nbytes, Device device) : nbytes_(nbytes), device_(device) {
  if (device == Device::cuda) {
    bytes_ = cuda::allocate(nbytes);
    return;
  }
  const MemoryPool::Block block = MemoryPool::tensors().take(nbytes);
  OCTET_CHECK(block.bytes != nullptr, "out of memory: could not allocate ", nbytes, " bytes; use a smaller batch");
  bytes_ = std::shared_ptr<std::byte>(block.bytes, [block](std::byte*) { MemoryPool::tensors().give(block); });
}

}  // namespace octet
