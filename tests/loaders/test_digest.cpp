// SHA-256 and MD5 beside their standards' examples (FIPS 180-2, appendix B; RFC 1321, appendix A.5).
#include "loaders/files/digest.h"

#include <gtest/gtest.h>

namespace octet::loaders {
namespace {

std::string hex(Hash hash, std::string_view text) { return hex_digest(hash, std::as_bytes(std::span(text))); }

TEST(Digest, ExamplesOfTheStandards) {
  EXPECT_EQ(hex(Hash::sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(Hash::sha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(Hash::md5, ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(Hash::md5, "message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Digest, InParts) {
  Digest digest(Hash::sha256);
  for (const std::string_view part : {"a", "", "bc"}) digest.add(std::as_bytes(std::span(part)));
  EXPECT_EQ(digest.hex(), hex(Hash::sha256, "abc"));
}

TEST(Digest, ASealNeedsAPlace) {
  std::string file = "x:" + unsealed() + ";x:" + unsealed() + ".";
  seal(file, "x:");
  EXPECT_EQ(file.substr(0, 67), "x:" + unsealed() + ";");  // the last one is the place
  EXPECT_NE(file.substr(69, kSealDigits), unsealed());
  EXPECT_THROW(seal(file, "y:"), Error);
}

}  // namespace
}  // namespace octet::loaders
