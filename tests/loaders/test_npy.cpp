// npy and npz: round trips, NumPy's own files, and the files that are refused.
#include "loaders/files/npy.h"

#include "builders.h"
#include "loaders/files/limits.h"

namespace octet::loaders {
namespace {

using namespace build;
using test::bits_equal;
using test::fails_with;

/// A file of version 1.0 with this header text.
std::string file(const std::string& header, const std::string& data = "", const std::string& version = std::string("\1\0", 2)) {
  const std::string length =
      version[0] == 1 ? le(static_cast<uint16_t>(header.size())) : le(static_cast<uint32_t>(header.size()));
  return "\x93NUMPY" + version + length + header + data;
}
std::string header(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}
Tensor load(const std::string& bytes) { return with_file(bytes, "x.npy", load_npy); }
::testing::AssertionResult refused(const std::string& bytes, std::vector<std::string> parts) {
  parts.push_back("x.npy: ");
  return fails_with([&] { load(bytes); }, parts);
}

const std::string kSix = floats({1, 2, 3, 4, 5, 6});

TEST(Npy, ReadsVersionsAndSpacing) {
  const Tensor want = Tensor::from({1, 2, 3, 4, 5, 6}, {2, 3});
  for (char version : {1, 2, 3}) {
    const std::string v{version, '\0'};
    EXPECT_TRUE(bits_equal(load(file(header("<f4", "(2, 3)") + "   \n", kSix, v)), want));
  }
  EXPECT_TRUE(bits_equal(load(file("{\"shape\":(2,3,),\"fortran_order\":False,\"descr\":\"<f4\"}", kSix)), want));
}

TEST(Npy, LongsOfPython2) {  // numpy before 1.6 wrote shapes as Python 2 printed them
  const Tensor want = Tensor::from({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_TRUE(bits_equal(load(file(header("<f4", "(2L, 3L)"), kSix)), want));
  EXPECT_TRUE(bits_equal(load(file(header("<f4", "(6L,)"), kSix)), Tensor::from({1, 2, 3, 4, 5, 6}, {6})));
  EXPECT_TRUE(refused(file(header("<f4", "(2LL, 3)"), kSix), {"header"}));
  EXPECT_TRUE(refused(file(header("<f4", "(L2, 3)"), kSix), {"expected a size"}));
}

TEST(Npy, FortranOrderAndByteOrder) {
  EXPECT_TRUE(bits_equal(load(file(header("<f4", "(3, 2)", "True"), kSix)), Tensor::from({1, 4, 2, 5, 3, 6}, {3, 2})));
  EXPECT_TRUE(bits_equal(load(file(header(">i2", "(2,)"), std::string("\x01\x02\xff\xfe", 4))),
                         Tensor::from<int16_t>({0x0102, -2}, {2}, DType::i16)));
  EXPECT_EQ(load(file(header("<f2", "()"), std::string("\x00\x3c", 2))).to(DType::f32).data<float>()[0], 1.0f);
  EXPECT_EQ(load(file(header("<f4", "(0, 3)"))).shape(), (Shape{0, 3}));
}

TEST(Npy, RoundTripOfAllDtypes) {
  for (DType dtype :
       {DType::f32, DType::f64, DType::f16, DType::i64, DType::i32, DType::i16, DType::i8, DType::u8, DType::boolean})
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{0, 2}, Shape{1, 2, 3, 4}}) {
      const TemporaryFolder folder;
      const Tensor tensor = Tensor::zeros(shape, dtype);
      save_npy(folder / "x", tensor);
      EXPECT_TRUE(bits_equal(load_npy(folder / "x"), tensor)) << dtype << shape;
    }
}

TEST(Npy, WritesWhatNumpyWrites) {
  const TemporaryFolder folder;
  save_npy(folder / "x", Tensor::from({1, 2, 3, 4, 5, 6}, {2, 3}));
  const std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  EXPECT_EQ(get(folder / "x"),
            "\x93NUMPY" + std::string("\1\0v\0", 4) + text + std::string(118 - text.size() - 1, ' ') + "\n" + kSix);
}

TEST(Npy, QuantizedBecomePlainIntegers) {
  const TemporaryFolder folder;
  save_npy(folder / "x", Tensor::from<uint8_t>({1, 255}, {2}, DType::quint8));
  EXPECT_TRUE(bits_equal(load_npy(folder / "x"), Tensor::from<uint8_t>({1, 255}, {2}, DType::u8)));
  EXPECT_TRUE(fails_with([&] { save_npy(folder / "y", Tensor({1}, DType::bf16)); }, {"y", "bfloat16"}));
  EXPECT_TRUE(fails_with([&] { save_npy(folder / "y", Tensor()); }, {"y", "undefined"}));
}

TEST(Npy, MagicVersionHeaderLength) {
  EXPECT_TRUE(refused("\x93NUMPX\1", {"not a .npy file"}));
  EXPECT_TRUE(refused("\x93NUMPY", {"truncated"}));
  EXPECT_TRUE(refused(file(header("<f4", "(6,)"), kSix, std::string("\x09\0", 2)), {"version 9.0"}));
  EXPECT_TRUE(refused(file(header("<f4", "(6,)"), kSix, std::string("\1\1", 2)), {"version 1.1"}));
  EXPECT_TRUE(refused(file("", kSix), {"header", "expected '{'"}));
  EXPECT_TRUE(refused("\x93NUMPY" + std::string("\2\0\xff\xff\xff\xff", 6) + "{}", {"4294967295 bytes"}));
}

TEST(Npy, TypesThatAreNotSupported) {
  for (const char* bad : {"|O", "<U4", "<c8", "<u4", "<f16", "f4", "=f4", "|f4", "<", "", "<f4<f4"})
    EXPECT_TRUE(refused(file(header(bad, "(1,)"), "1234"), {"unsupported type"})) << bad;
  EXPECT_TRUE(refused(file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234"), {"structured"}));
  EXPECT_TRUE(refused(file("{'descr': __import__('os').system('true'), }"), {"expected a string"}));
  EXPECT_TRUE(refused(file("__import__('os')"), {"expected '{'"}));
}

TEST(Npy, Shapes) {
  for (const std::string& bad :
       {std::string("(-1,)"), std::string("(1.0,)"), std::string("[1]"), std::string("(True,)"), std::string("1"),
        std::string("(1)"), std::string("(1 1)"), std::string("(,)"), "(1" + std::string(100, '0') + ",)"})
    EXPECT_TRUE(refused(file(header("<f4", bad), "1234"), {"header"})) << bad;
  EXPECT_TRUE(refused(file(header("<f4", "(4294967296, 4294967296)"), "1234"), {"more than 2^40"}));
  EXPECT_TRUE(refused(file(header("<f4", "(9223372036854775807, 2)"), "1234"), {"more than 2^40"}));
  std::string rank70 = "(";
  for (int i = 0; i < 70; ++i) rank70 += "1,";
  EXPECT_TRUE(refused(file(header("<f4", rank70 + ")"), "1234"), {"dimensions"}));
  EXPECT_TRUE(refused(file(header("<f4", "(1099511627776,)"), std::string(24, '\0')), {"x.npy"}));
}

TEST(Npy, DataOfAnotherSize) {
  EXPECT_TRUE(refused(file(header("<f4", "(2, 3)"), kSix.substr(1)), {"float32 [2, 3]"}));
  EXPECT_TRUE(refused(file(header("<f4", "(2, 3)"), kSix + "x"), {"takes 24 bytes, the file has 25"}));
}

TEST(Npy, Keys) {
  EXPECT_TRUE(refused(file("{'descr': '<f4', 'shape': (1,), }", "1234"), {"expected descr, fortran_order and shape"}));
  EXPECT_TRUE(refused(file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 'y'}", "1234"), {"key 'x'"}));
  EXPECT_TRUE(refused(file("{'descr': '<f4', 'descr': '<f4', }", "1234"), {"repeated key 'descr'"}));
  EXPECT_TRUE(refused(file("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "1234"), {"True or False"}));
  EXPECT_TRUE(refused(file(header("<f4", "(1,)") + "x", "1234"), {"behind the dict"}));
  EXPECT_TRUE(refused(file("{'descr': '<f4", "1234"), {"expected a string"}));
}

TEST(Npy, EveryCutAndEveryBit) {
  expect_survives_damage(file(header("<i2", "(2, 2)", "True"), "abcdefgh"), load_npy, [](const Tensor&) { return true; });
}

// ---- npz

std::map<std::string, Tensor> load_z(const std::string& bytes) { return with_file(bytes, "x.npz", load_npz); }

TEST(Npz, ArraysByName) {
  const auto arrays =
      load_z(zip({{"a.npy", file(header("<f4", "(2, 3)"), kSix), true}, {"b.npy", file(header("|u1", "()"), "x")}}, false));
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_TRUE(bits_equal(arrays.at("a"), Tensor::from({1, 2, 3, 4, 5, 6}, {2, 3})));
  EXPECT_EQ(arrays.at("b").data<uint8_t>()[0], 'x');
}

TEST(Npz, Refusals) {
  const std::string good = file(header("|u1", "()"), "x");
  EXPECT_TRUE(fails_with([&] { load_z(zip({{"a.txt", good}})); }, {"x.npz: ", "'a.txt' is not a .npy file"}));
  EXPECT_TRUE(fails_with([&] { load_z(zip({{"a.npy", good}, {"a.npy", good}})); }, {"x.npz: ", "duplicate"}));
  EXPECT_TRUE(fails_with([&] { load_z(zip({{"a.npy", "x"}})); }, {"x.npz: a.npy: ", "not a .npy file"}));
  EXPECT_TRUE(fails_with([&] { load_z(zip({{"../a.npy", good}})); }, {"x.npz: ", "unsafe name"}));
  EXPECT_TRUE(fails_with([&] { load_z("text"); }, {"x.npz: ", "too short"}));
}

}  // namespace
}  // namespace octet::loaders
