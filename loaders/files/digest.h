// Digests of bytes, and files that carry their own.
//
// A seal is the SHA-256 of the whole file, written into it as 64 digits; while it is computed, 64 zeros stand in its place. What is
// checked is therefore every byte: tensors, graph, card. It finds damage, and changes by programs that do not know it; who forges a
// file forges its seal, too. SHA-256 and MD5 are OpenSSL's.
#pragma once

#include <memory>
#include <string>

#include "loaders/files/file.h"

namespace octet::loaders {

enum class Hash { sha256, md5 };

/// A digest of what is added to it, part by part.
class Digest {
 public:
  explicit Digest(Hash hash);
  void add(Bytes bytes);
  /// The digits, lower case: 64 of SHA-256, 32 of MD5. Ends the digest.
  std::string hex();

 private:
  std::shared_ptr<void> state_;
};

std::string hex_digest(Hash hash, Bytes bytes);

/// Where files carry their seal: a key of their metadata.
inline constexpr const char* kSealKey = "octet.sha256";
inline constexpr size_t kSealDigits = 64;

/// What stands in the place of a seal while it is computed.
inline std::string unsealed() { return std::string(kSealDigits, '0'); }

/// Puts the seal into a whole file in memory, where `before` stands last in front of 64 zeros.
void seal(std::string& file, std::string_view before);

/// Throws Error unless the digits of the seal at `place` are those of the file. place: string::npos where it was not found.
void check_seal(const File& file, size_t place);

}  // namespace octet::loaders
