// Bytes owned by one or several tensors, aligned to a cache line, on one device.
#pragma once

#include <cstddef>
#include <memory>

#include "tensor/device.h"

namespace octet {

class Storage {
 public:
  Storage() = default;

  /// Uninitialised bytes. Throws Error when memory runs out.
  explicit Storage(size_t nbytes, Device device = Device::cpu);

  /// An address on its device.
  std::byte* data() const { return bytes_.get(); }
  Device device() const { return device_; }
  size_t nbytes() const { return nbytes_; }
  /// True when no other Storage has these bytes.
  bool unique() const { return bytes_.use_count() == 1; }

 private:
  std::shared_ptr<std::byte> bytes_;
  size_t nbytes_ = 0;
  Device device_ = Device::cpu;
};

}  // namespace octet
