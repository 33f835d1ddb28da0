// Digests by libcrypto (OpenSSL), and the seal that a file carries of itself.
#include "loaders/files/digest.h"

#include <openssl/evp.h>

namespace octet::loaders {
namespace {

EVP_MD_CTX* context(const std::shared_ptr<void>& state) { return static_cast<EVP_MD_CTX*>(state.get()); }

}  // namespace

Digest::Digest(Hash hash) : state_(EVP_MD_CTX_new(), [](void* state) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(state)); }) {
  const EVP_MD* kind = hash == Hash::sha256 ? EVP_sha256() : EVP_md5();
  OCTET_CHECK(state_ && EVP_DigestInit_ex(context(state_), kind, nullptr) == 1, "OpenSSL on this machine computes no ",
              hash == Hash::sha256 ? "SHA-256" : "MD5");
}

void Digest::add(Bytes bytes) {
  OCTET_CHECK(EVP_DigestUpdate(context(state_), bytes.data(), bytes.size()) == 1, "OpenSSL could not go on with a digest");
}

std::string Digest::hex() {
  constexpr char kDigits[] = "0123456789abcdef";
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  OCTET_CHECK(EVP_DigestFinal_ex(context(state_), bytes, &size) == 1, "OpenSSL could not end a digest");
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]};
  return text;
}

std::string hex_digest(Hash hash, Bytes bytes) {
  Digest digest(hash);
  digest.add(bytes);
  return digest.hex();
}

void seal(std::string& file, std::string_view before) {
  const size_t at = file.rfind(std::string(before) + unsealed());
  OCTET_CHECK(at != file.npos, "a file to seal has no place for it");
  file.replace(at + before.size(), kSealDigits, hex_digest(Hash::sha256, std::as_bytes(std::span(file))));
}

void check_seal(const File& file, size_t place) {
  const Bytes bytes = file.bytes();
  OCTET_CHECK(
      inside(place, kSealDigits, bytes.size()), file.name(), ": its seal (", kSealKey,
      " in its metadata) is not as octet writes it: another program has changed the file; take the seal out if that is meant");
  Digest digest(Hash::sha256);
  const std::string zeros = unsealed();
  digest.add(bytes.first(place));
  digest.add(std::as_bytes(std::span(zeros)));
  digest.add(bytes.subspan(place + kSealDigits));
  const std::string_view written = as_text(bytes.subspan(place, kSealDigits));
  const std::string found = digest.hex();
  OCTET_CHECK(written == found, file.name(), ": damaged, or changed since octet wrote it: its SHA-256 is ", found,
              ", its metadata (", kSealKey, ") says ", printable(written),
              "; get the file again, or take the seal out of its metadata if the change is meant");
}

}  // namespace octet::loaders
