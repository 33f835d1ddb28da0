// Caps for files from strangers. A size that a file claims is compared with these before anything is allocated for it.
//
// They lie far above what a ResNet needs and far below what would hurt a machine. PyTorch's loader has none of them: it expands
// a 261 kB archive to 256 MiB and accepts a stride-0 tensor of 2^40 elements.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::loaders {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr uint64_t kGiB = uint64_t{1} << 30;

// Zip archives
inline constexpr uint64_t kMaxZipEntries = 100'000;
inline constexpr size_t kMaxZipName = 4096;

// What a file may grow into, decompressed or materialised: kMaxExpansion times its own size (small files: the floor), at most
// kMaxTotalBytes. Deflate reaches 1032 to 1, weights hardly 2 to 1.
inline constexpr uint64_t kMaxTotalBytes = 16 * kGiB;
inline constexpr uint64_t kMaxExpansion = 64;
inline constexpr uint64_t kExpansionFloor = 64 * kMiB;

// Pickles
inline constexpr uint64_t kMaxPickleBytes = 64 * kMiB;
inline constexpr size_t kMaxPickleNesting = 256;
inline constexpr size_t kMaxPickleValues = 4'000'000;  // also bounds the memo
inline constexpr size_t kMaxGlobalName = 4096;

// Tensors (their element count is capped by numel() in tensor/shape.h: 2^40)
inline constexpr size_t kMaxRank = 16;
inline constexpr size_t kMaxTensors = 100'000;

// Headers
inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;
inline constexpr int kMaxJsonNesting = 4;
inline constexpr size_t kMaxNpyHeader = 65'536;

// What a model is for
inline constexpr uint64_t kMaxCardBytes = 16 * kMiB;
inline constexpr size_t kMaxClasses = 100'000;
inline constexpr size_t kMaxClassName = 1000;

/// The bytes that a file of this size may grow into.
inline constexpr uint64_t expansion_limit(uint64_t file_size) {
  if (file_size >= kMaxTotalBytes / kMaxExpansion) return kMaxTotalBytes;
  return file_size * kMaxExpansion > kExpansionFloor ? file_size * kMaxExpansion : kExpansionFloor;
}

}  // namespace octet::loaders
