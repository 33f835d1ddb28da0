// Memory that a thread keeps between calls, so that running a network again allocates nothing for it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::ops {

/// What a buffer is for: buffers of different uses are in use at the same time.
enum class Scratch { windows, outside, transformed, products, padded };
constexpr size_t kScratchUses = static_cast<size_t>(Scratch::padded) + 1;

/// At least `bytes` uninitialised bytes, aligned for vectors: this thread's buffer for that use, until it asks for it again.
void* scratch_bytes(Scratch use, size_t bytes);

template <class T>
T* scratch(Scratch use, int64_t count) {
  return static_cast<T*>(scratch_bytes(use, static_cast<size_t>(count) * sizeof(T)));
}

}  // namespace octet::ops
