// safetensors: round trips, and the files that are refused.
#include "loaders/checkpoints/safetensors.h"

#include <cmath>

#include "builders.h"
#include "loaders/checkpoints/format.h"
#include "loaders/files/digest.h"
#include "loaders/files/limits.h"

namespace octet::loaders {
namespace {

using namespace build;
using test::bits_equal;
using test::fails_with;

std::string file(const std::string& header, const std::string& data = "") {
  return le(static_cast<uint64_t>(header.size())) + header + data;
}
SafeTensors load(const std::string& bytes) {
  return with_file(bytes, "c.safetensors", [](const std::string& path) { return load_safetensors(path); });
}
std::string first_key(const std::string& bytes) {
  const SafeTensors f = load(bytes);
  return f.tensors.entries().at(0).key;
}
::testing::AssertionResult refused(const std::string& bytes, std::vector<std::string> parts) {
  parts.push_back("c.safetensors: ");
  return fails_with([&] { load(bytes); }, parts);
}
/// The header of tensors "a", "b", ... with these descriptions.
std::string header(const std::vector<std::string>& tensors) {
  std::string text = "{";
  for (size_t i = 0; i < tensors.size(); ++i) text += str(i ? "," : "", "\"", static_cast<char>('a' + i), "\":", tensors[i]);
  return text + "}";
}
std::string info(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

SafeTensors example() {
  SafeTensors f;
  f.tensors.add({"bytes", Tensor::from<uint8_t>({1, 2, 3}, {3}, DType::u8), {}});
  f.tensors.add({"caf\xc3\xa9", Tensor::from({1.5f, -2}, {2, 1}), {}});
  f.tensors.add({"long", Tensor::from<int64_t>({-7}, {}, DType::i64), {}});
  f.tensors.add({"empty", Tensor({0, 4}), {}});
  f.tensors.add({"nan", Tensor::from({NAN}, {1}), {}});
  f.metadata = {{"graph", "{\"nodes\": []}"}, {"note", "two\nlines"}};
  return f;
}

TEST(SafeTensors, RoundTrip) {
  const TemporaryFolder folder;
  const SafeTensors want = example();
  save_safetensors(folder / "a", want);
  const SafeTensors got = load_safetensors(folder / "a");
  EXPECT_EQ(got.metadata, want.metadata);
  ASSERT_EQ(got.tensors.entries().size(), want.tensors.entries().size());
  for (const StateEntry& e : want.tensors.entries()) EXPECT_TRUE(bits_equal(got.tensors.find(e.key)->tensor, e.tensor)) << e.key;
}

TEST(SafeTensors, SizeAndAlignment) {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", example());
  const std::string bytes = get(folder / "a");
  EXPECT_EQ(bytes.size(), safetensors_size(example()));
  uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), 8);
  EXPECT_EQ(header_size % 8, 0u);
  EXPECT_EQ(first_key(bytes), "long");  // widest first: every tensor is aligned
}

TEST(SafeTensors, AllDtypes) {
  for (DType dtype : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i64, DType::i32, DType::i16, DType::i8, DType::u8,
                      DType::boolean}) {
    SafeTensors f;
    f.tensors.add({"w", Tensor::zeros({3}, dtype), {}});
    const TemporaryFolder folder;
    save_safetensors(folder / "a", f);
    EXPECT_TRUE(same(load_safetensors(folder / "a").tensors, f.tensors)) << dtype;
  }
}

TEST(SafeTensors, QuantizedBecomePlainIntegers) {
  const std::pair<DType, DType> kinds[] = {{DType::qint8, DType::i8}, {DType::quint8, DType::u8}, {DType::qint32, DType::i32}};
  for (const auto& [quantized, plain] : kinds) {
    SafeTensors f;
    f.tensors.add({"w", Tensor::zeros({3}, quantized), {}});
    const TemporaryFolder folder;
    save_safetensors(folder / "a", f);
    EXPECT_EQ(load_safetensors(folder / "a").tensors.find("w")->tensor.dtype(), plain);
  }
}

TEST(SafeTensors, WhatCannotBeSaved) {
  const TemporaryFolder folder;
  const std::string path = folder / "a";
  const auto save = [&](const std::string& key, const Tensor& tensor) {
    SafeTensors f;
    f.tensors.add({key, tensor, {}});
    save_safetensors(path, f);
  };
  EXPECT_TRUE(fails_with([&] { save("__metadata__", Tensor({1})); }, {path, "reserved"}));
  EXPECT_TRUE(fails_with([&] { save("w", Tensor()); }, {path, "'w'", "undefined"}));
  EXPECT_TRUE(fails_with([&] { save("\xff", Tensor({1})); }, {path, "cannot be saved"}));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SafeTensors, ToldFromOtherFiles) {
  const auto format = [](const std::string& bytes) { return format_of(std::as_bytes(std::span(bytes))); };
  EXPECT_EQ(format(file("{}")), Format::safetensors);
  EXPECT_EQ(format(checkpoint(dict({{"w", tensor()}}))), Format::zip);
  EXPECT_EQ(format("short"), Format::other);
}

TEST(SafeTensors, HeaderLength) {
  EXPECT_TRUE(refused("1234567", {"7 bytes"}));
  EXPECT_TRUE(refused(le<uint64_t>(100) + "{}", {"truncated", "100"}));
  EXPECT_TRUE(refused(le<uint64_t>(100'000'001) + "{}", {"100000001", "at most 100000000"}));
  EXPECT_TRUE(refused(le(uint64_t{1} << 63) + "{}", {"9223372036854775808"}));
  EXPECT_TRUE(refused(le(~uint64_t{0}) + "{}", {"18446744073709551615"}));
}

TEST(SafeTensors, HeaderThatIsNoJsonObject) {
  for (const char* bad : {"", " {}", "[]", "x", "{", "{\"a\"", "{\"a\":\"\xff\"}", "{}{}", "{'a':1}"})
    EXPECT_TRUE(refused(file(bad), {"header"})) << bad;
  EXPECT_TRUE(refused(file("{\"a\":" + std::string(100'000, '[')), {"nested more than 4 deep"}));
  EXPECT_TRUE(refused(file("{\"a\":[[[[[]]]]]}"), {"nested more than 4 deep"}));
}

TEST(SafeTensors, Layout) {
  const std::string b0 = "[0,4]", b4 = "[4,8]";
  EXPECT_EQ(first_key(file(header({info("F32", "[1]", b4), info("F32", "[]", b0)}), floats({1, 2}))), "b");
  EXPECT_TRUE(refused(file(header({info("F32", "[1]", b0), info("F32", "[1]", b0)}), floats({1, 2})), {"overlap"}));
  EXPECT_TRUE(refused(file(header({info("F32", "[1]", b0), info("F32", "[1]", "[2,6]")}), floats({1, 2})), {"overlap"}));
  EXPECT_TRUE(refused(file(header({info("F32", "[1]", b4)}), floats({1, 2})), {"begins at 4", "expected 0"}));
  EXPECT_TRUE(refused(file(header({info("F32", "[1]", b0)}), floats({1, 2})), {"take 4 bytes, the file has 8"}));
  EXPECT_TRUE(refused(file(header({info("F32", "[1]", b0)}), "abc"), {"truncated", "the file has 3"}));
  EXPECT_TRUE(refused(file("{}", "x"), {"take 0 bytes, the file has 1"}));
  EXPECT_TRUE(refused(file(header({info("F32", "[1]", "[4,0]")}), floats({1})), {"tensor 'a'"}));
}

TEST(SafeTensors, Shapes) {
  for (const char* bad : {"[-1]", "[1.0]", "[1e0]", "[\"1\"]", "[null]", "[true]", "1", "{}", "[[1]]", "[18446744073709551616]"})
    EXPECT_TRUE(refused(file(header({info("F32", bad, "[0,4]")}), floats({1})), {"tensor 'a'"})) << bad;
  EXPECT_TRUE(refused(file(header({info("F32", "[8589934592,8589934592]", "[0,4]")}), floats({1})), {"more than 2^40"}));
  EXPECT_TRUE(refused(file(header({info("F32", "[18446744073709551615]", "[0,4]")}), floats({1})), {"more than 2^40"}));
  EXPECT_TRUE(refused(file(header({info("F32", "[2]", "[0,4]")}), floats({1})), {"takes 8 bytes"}));
  EXPECT_TRUE(
      refused(file(header({info("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]")}), floats({1})), {"17 dimensions"}));
}

TEST(SafeTensors, Offsets) {
  for (const char* bad : {"[0]", "[0,4,8]", "[-4,0]", "[0,4.0]", "[0,\"4\"]", "4", "[0,18446744073709551616]"})
    EXPECT_TRUE(refused(file(header({info("F32", "[1]", bad)}), floats({1})), {"tensor 'a'"})) << bad;
}

TEST(SafeTensors, DtypesAndOtherKeys) {
  EXPECT_TRUE(refused(file(header({info("F8_E4M3", "[4]", "[0,4]")}), "1234"), {"tensor 'a'", "'F8_E4M3'"}));
  EXPECT_TRUE(refused(file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", "1234"), {"tensor 'a'", "data_offsets"}));
  EXPECT_TRUE(refused(file("{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,4]}}", "1234"), {"tensor 'a'", "dtype"}));
  EXPECT_TRUE(refused(file("{\"a\":5}"), {"tensor 'a'"}));
}

TEST(SafeTensors, Metadata) {
  EXPECT_EQ(load(file("{\"__metadata__\":{\"k\":\"v\"}}")).metadata.at("k"), "v");
  EXPECT_TRUE(refused(file("{\"__metadata__\":{\"k\":1}}"), {"__metadata__", "'k'", "not a string"}));
  EXPECT_TRUE(refused(file("{\"__metadata__\":[]}"), {"__metadata__", "not an object"}));
}

TEST(SafeTensors, DuplicateKeys) {
  const std::string one = info("F32", "[1]", "[0,4]");
  EXPECT_TRUE(refused(file("{\"a\":" + one + ",\"a\":" + one + "}", floats({1})), {"duplicate key 'a'"}));
  EXPECT_TRUE(refused(file("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", floats({1})),
                      {"duplicate key 'dtype'"}));
}

TEST(SafeTensors, EveryCutAndEveryBit) {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", example());
  const auto seal_by_another_name = [](const SafeTensors& f) {
    return !f.sealed && f.metadata.size() == example().metadata.size() + 1;
  };
  expect_survives_damage(
      get(folder / "a"), [](const std::string& path) { return load_safetensors(path); }, seal_by_another_name);
}

TEST(SafeTensors, TheSealIsTheSha256OfTheFileWithZerosInItsPlace) {
  const TemporaryFolder folder;
  SafeTensors f = example();
  f.metadata[kSealKey] = "of an older file";
  save_safetensors(folder / "a", f);
  EXPECT_TRUE(load_safetensors(folder / "a").sealed);
  std::string bytes = get(folder / "a");
  const size_t at = bytes.find(std::string(kSealKey) + "\":\"") + std::strlen(kSealKey) + 3;
  const std::string seal = bytes.substr(at, kSealDigits);
  bytes.replace(at, kSealDigits, kSealDigits, '0');
  EXPECT_EQ(hex_digest(Hash::sha256, std::as_bytes(std::span(bytes))), seal);
  EXPECT_TRUE(
      refused(bytes, {"damaged, or changed since octet wrote it: its SHA-256 is " + seal, "says 0000", "get the file again"}));
}

TEST(SafeTensors, AChangedValueIsRefusedUnlessTheFileHasNoSeal) {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", example());
  std::string sealed = get(folder / "a"), plain = file(header({info("F32", "[1]", "[0,4]")}), floats({1}));
  sealed.back() ^= 1, plain.back() ^= 1;
  EXPECT_TRUE(refused(sealed, {"damaged, or changed"}));
  EXPECT_FALSE(load(plain).sealed);
}

TEST(SafeTensors, SealsThatAreNone) {
  const auto with_seal = [](const std::string& value) { return file("{\"__metadata__\":{\"octet.sha256\":" + value + "}}"); };
  EXPECT_TRUE(refused(with_seal("\"\""), {"its seal", "is not as octet writes it", "take the seal out"}));
  EXPECT_TRUE(refused(with_seal("\"" + std::string(63, '0') + "\""), {"is not as octet writes it"}));
  EXPECT_TRUE(refused(with_seal(" \"" + unsealed() + "\""), {"is not as octet writes it"}));  // written by another program
  EXPECT_TRUE(refused(with_seal("\"" + unsealed() + "\""), {"damaged, or changed"}));
  EXPECT_TRUE(refused(with_seal("\"\\u001b" + std::string(63, 'x') + "\""), {"is not as octet writes it"}));
}

}  // namespace
}  // namespace octet::loaders
