// load_pth: what the real PyTorch wrote, and the containers and objects that are refused.
#include "loaders/checkpoints/pth.h"

#include <gmock/gmock.h>

#include "checkpoints.h"
#include "tests/support/golden.h"

namespace octet::loaders {
namespace {

using namespace build;
using test::bits_equal;
using test::Golden;

// ---- files of the real PyTorch

/// The numbers of a quantized tensor are what the arrays say.
void expect_qparams(const StateEntry& e, const Golden& want) {
  ASSERT_EQ(e.qparams.has_value(), want.has(e.key + ".scales")) << e.key;
  if (!e.qparams) return;
  const Tensor &scales = want[e.key + ".scales"], &zero_points = want[e.key + ".zero_points"];
  EXPECT_TRUE(bits_equal(Tensor::from(e.qparams->scales, scales.shape(), DType::f64), scales)) << e.key;
  EXPECT_TRUE(bits_equal(Tensor::from(e.qparams->zero_points, zero_points.shape(), DType::i64), zero_points)) << e.key;
  ASSERT_EQ(e.qparams->axis.has_value(), want.has(e.key + ".axis")) << e.key;
  if (e.qparams->axis) {
    EXPECT_EQ(static_cast<double>(*e.qparams->axis), want.number(e.key + ".axis")) << e.key;
  }
}

DType plain(DType dtype) {
  switch (dtype) {
    case DType::bf16:
      return DType::i16;
    case DType::qint8:
      return DType::i8;
    case DType::quint8:
      return DType::u8;
    case DType::qint32:
      return DType::i32;
    default:
      return dtype;
  }
}

/// NAME.pth holds exactly the arrays of EXPECTED.npz.
void expect_loads(const std::string& name, const std::string& expected) {
  const StateDict state = load_pth(test::golden_path("loaders/" + name + ".pth"));
  const Golden want("loaders/" + expected);
  size_t arrays = 0;
  for (const StateEntry& e : state.entries()) {
    EXPECT_TRUE(bits_equal(e.tensor.view_as(plain(e.tensor.dtype())), want[e.key])) << e.key;
    expect_qparams(e, want);
    arrays += 1 + (e.qparams ? 2 : 0) + (e.qparams && e.qparams->axis ? 1 : 0);
  }
  EXPECT_EQ(arrays, want.arrays().size());
}

TEST(PthGolden, AllDtypes) { expect_loads("dtypes", "dtypes"); }
TEST(PthGolden, AllDtypesLegacy) { expect_loads("dtypes_legacy", "dtypes"); }
TEST(PthGolden, BigEndian) { expect_loads("big_endian", "dtypes"); }
TEST(PthGolden, StridesOffsetsSharedStorages) { expect_loads("views", "views"); }
TEST(PthGolden, StridesOffsetsSharedStoragesLegacy) { expect_loads("views_legacy", "views"); }
TEST(PthGolden, Deflated) { expect_loads("deflated", "views"); }
TEST(PthGolden, Quantized) { expect_loads("quantized", "quantized"); }
TEST(PthGolden, QuantizedLegacy) { expect_loads("quantized_legacy", "quantized"); }
TEST(PthGolden, Parameter) { expect_loads("parameter", "parameter"); }
TEST(PthGolden, ParameterLegacy) { expect_loads("parameter_legacy", "parameter"); }
TEST(PthGolden, ModelStateDict) { expect_loads("model", "model"); }
TEST(PthGolden, ModelStateDictLegacy) { expect_loads("model_legacy", "model"); }
TEST(PthGolden, DataParallelPrefix) { expect_loads("parallel", "model"); }
TEST(PthGolden, UnderStateDict) { expect_loads("wrapped", "model"); }
TEST(PthGolden, FastaiModelAndOptimizer) { expect_loads("with_optimizer", "model"); }

TEST(PthGolden, KeepsTheOrderAndTheDtypes) {
  const StateDict state = load_pth(test::golden_path("loaders/dtypes.pth"));
  std::string names;
  for (const StateEntry& e : state.entries()) {
    EXPECT_EQ(e.key, name_of(e.tensor.dtype()));
    names += e.key + " ";
  }
  EXPECT_EQ(names, "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool ");
}

std::vector<std::string> notes_of(const std::string& name) {
  std::vector<std::string> notes;
  load_pth(test::golden_path("loaders/" + name + ".pth"), &notes);
  return notes;
}

TEST(PthGolden, NotesSayWhatWasDone) {
  EXPECT_TRUE(notes_of("model").empty());
  EXPECT_THAT(notes_of("parallel"), ::testing::ElementsAre(::testing::HasSubstr("'module.'")));
  EXPECT_THAT(notes_of("wrapped"), ::testing::ElementsAre(::testing::HasSubstr("'state_dict'")));
  EXPECT_THAT(notes_of("with_optimizer"),
              ::testing::ElementsAre(::testing::HasSubstr("'model'"), ::testing::HasSubstr("multiarray.scalar")));
}

// ---- files that are refused

TEST(PthContainer, BuiltByHandLoads) {
  const StateDict state = load(checkpoint(good()));
  ASSERT_EQ(state.entries().size(), 1u);
  EXPECT_TRUE(bits_equal(state.find("w")->tensor, Tensor::from({1, 2, 3, 4}, {4})));
}

TEST(PthContainer, EmptyAndCut) {
  EXPECT_TRUE(refused("", {"empty file"}));
  EXPECT_TRUE(refused("PK\x03\x04", {"too short to be a zip"}));
  const std::string bytes = checkpoint(good());
  EXPECT_TRUE(refused(bytes.substr(0, bytes.size() / 2), {"truncated", "interrupted"}));
}

TEST(PthContainer, OtherFilesSayWhatTheyAre) {
  EXPECT_TRUE(refused("\n<!DOCTYPE html><html>", {"HTML page"}));
  EXPECT_TRUE(refused("<HTML><body>404", {"HTML page"}));
  EXPECT_TRUE(refused("version https://git-lfs.github.com/spec/v1\noid sha256:1", {"Git-LFS pointer", "git lfs pull"}));
  EXPECT_TRUE(refused("PYTORCH1....", {"preview", "re-save"}));
  EXPECT_TRUE(refused(std::string(257, 'x') + "ustar" + std::string(250, '\0'), {"tar archive", "torch >= 1.6"}));
  EXPECT_TRUE(refused("\x1f\x8b\x08", {"gzip"}));
  EXPECT_TRUE(refused("\x93NUMPY", {"NumPy array"}));
  EXPECT_TRUE(refused(program("N"), {"plain pickle", "torch.save"}));
  EXPECT_TRUE(refused("hello", {"expected a checkpoint", "'hello'"}));
}

TEST(PthContainer, DamagedStorageNamesTheTensor) {
  std::string bytes = checkpoint(good());
  std::string storage_flipped = bytes, pickle_flipped = bytes;
  storage_flipped[bytes.find(kFour) + 2] ^= 1;
  pickle_flipped[bytes.find("cpu")] ^= 1;
  EXPECT_TRUE(refused(storage_flipped, {"data/0", "CRC mismatch", "tensor 'w'"}));
  EXPECT_TRUE(refused(pickle_flipped, {"data.pkl", "CRC mismatch"}));
}

TEST(PthContainer, MissingRecords) {
  EXPECT_TRUE(refused(changed("m/data.pkl", "", true), {"no data.pkl", "the save did not finish"}));
  EXPECT_TRUE(refused(changed("m/version", "", true), {"version"}));
  EXPECT_TRUE(refused(changed("m/data/0", "", true), {"no record", "data/0", "tensor 'w'"}));
  EXPECT_EQ(tensors_in(changed("m/byteorder", "", true)), 1u);
}

TEST(PthContainer, Version) {
  EXPECT_TRUE(refused(changed("m/version", "99\n"), {"version 99 is too new"}));
  for (const char* bad : {"abc", "0", "-1", "3x", "99999999999999999999"})
    EXPECT_TRUE(refused(changed("m/version", bad), {"version"})) << bad;
  EXPECT_EQ(tensors_in(changed("m/version", "10\n")), 1u);
}

TEST(PthContainer, DuplicateEntryAndTwoRoots) {
  std::vector<Member> members = records(good(), {{"0", kFour}, {"0", kFour}});
  EXPECT_TRUE(refused(zip(members), {"duplicate entry 'm/data/0'"}));
  EXPECT_TRUE(refused(changed("other/x", "1"), {"other/x", "one folder"}));
  EXPECT_TRUE(refused(changed("x", "1"), {"'x'", "one folder"}));
}

TEST(PthContainer, PrefixJunk) { EXPECT_TRUE(refused("junk" + checkpoint(good()), {"expected a checkpoint"})); }

TEST(PthContainer, StorageKeyIsARecordName) {
  EXPECT_TRUE(refused(TensorSpec{.key = "../../etc/passwd"}, {"no record 'data/../../etc/passwd'"}));
}

TEST(PthContainer, TorchScript) {
  EXPECT_TRUE(refused(changed("m/constants.pkl", "x"), {"TorchScript"}));
  EXPECT_TRUE(refused(changed("m/code/model.py", "x"), {"TorchScript"}));
}

TEST(PthContainer, ByteOrder) {
  EXPECT_TRUE(refused(changed("m/byteorder", "middle"), {"byteorder 'middle'"}));
  EXPECT_EQ(load(changed("m/byteorder", "big")).find("w")->tensor.data<float>()[0], 4.6006e-41f);  // 00 00 80 3f
}

// ---- objects

TEST(PthObject, HostileObjectsNeverRun) {
  const std::string system = call(global("os", "system"), tuple({text("touch /tmp/owned")}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", system}})), {"'w'", "os.system", "expected a tensor"}));
  EXPECT_TRUE(refused(checkpoint(system), {"expected a dict of tensors", "os.system", "state_dict()"}));
  std::vector<std::string> notes;
  const StateDict state = load(checkpoint(dict({{"model", good()}, {"opt", system}})), &notes);
  EXPECT_EQ(state.entries().size(), 1u);
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_THAT(notes[1], ::testing::HasSubstr("never run: os.system"));
}

TEST(PthObject, TrailingBytesAreNoted) {
  std::vector<std::string> notes;
  load(changed("m/data.pkl", program(good()) + "junk"), &notes);
  EXPECT_THAT(notes, ::testing::ElementsAre(::testing::HasSubstr("4 bytes after the end of data.pkl")));
}

TEST(PthObject, NoDictOfTensors) {
  EXPECT_TRUE(refused(checkpoint(number(5)), {"expected a dict of tensors, got int 5"}));
  EXPECT_TRUE(refused(checkpoint(list({tensor()})), {"expected a dict of tensors, got list of 1"}));
  EXPECT_TRUE(refused(checkpoint("}" + number(1) + tensor() + "s"), {"a key is int 1"}));
}

TEST(PthObject, DuplicateKeys) {
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tensor()}, {"w", tensor()}})), {"duplicate key 'w'"}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w.0", tensor()}, {"w", tuple({tensor()})}})), {"duplicate key 'w.0'"}));
}

TEST(PthObject, ValuesThatAreNoTensors) {
  const std::pair<std::string, std::string> kinds[] = {
      {text("hello"), "str 'hello'"}, {number(3), "int 3"}, {kNone, "None"}, {list({}), "list of 0"}, {good(), "dict of 1"}};
  for (const auto& [value, name] : kinds)
    EXPECT_TRUE(refused(checkpoint(dict({{"w", tensor()}, {"x", value}})), {"'x'", name, "expected a tensor"}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tuple({tensor(), text("hello")})}})), {"'w.1'", "str 'hello'"}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tuple({tuple({tensor()})})}})), {"'w.0'", "tuple of 1"}));
}

TEST(PthObject, TuplesAreFlattenedAndDtypesSkipped) {
  const StateDict state =
      load(checkpoint(dict({{"p.dtype", global("torch", "qint8")}, {"p.p", tuple({tensor(), kNone, tensor()})}})));
  ASSERT_EQ(state.entries().size(), 2u);
  EXPECT_EQ(state.entries()[0].key, "p.p.0");
  EXPECT_EQ(state.entries()[1].key, "p.p.2");
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tensor()}, {"kind", global("torch", "qint8")}})), {"'kind'", "torch.qint8"}));
}

TEST(PthObject, PrefixOnlyWhereAllKeysHaveIt) {
  EXPECT_NE(load(checkpoint(dict({{"module.w", tensor()}}))).find("w"), nullptr);
  EXPECT_NE(load(checkpoint(dict({{"module.w", tensor()}, {"v", tensor()}}))).find("module.w"), nullptr);
}

// ---- legacy files

std::string legacy_storage(const std::string& view = kNone, const std::string& key = "0") {
  return tuple({text("storage"), global("torch", "FloatStorage"), text(key), text("cpu"), number(4), view}) + "Q";
}
std::string legacy_tensor(const std::string& view, int64_t numel) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              tuple({legacy_storage(view), number(0), numbers({numel}), numbers({1}), kFalse, hooks()}));
}
std::string legacy(const std::string& object, const std::string& keys = list({text("0")}),
                   const std::string& data = le<int64_t>(4) + kFour, int64_t protocol = 1001) {
  return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + program(number(protocol)) +
         program(dict({{"little_endian", "\x88"}})) + program(object) + program(keys) + data;
}

TEST(PthLegacy, StoragesAndViewsOfThem) {
  const std::string view = tuple({text("v"), number(1), number(2)});
  const StateDict state = load(legacy(dict({{"w", legacy_tensor(kNone, 4)}, {"v", legacy_tensor(view, 2)}})));
  EXPECT_TRUE(bits_equal(state.find("w")->tensor, Tensor::from({1, 2, 3, 4}, {4})));
  EXPECT_TRUE(bits_equal(state.find("v")->tensor, Tensor::from({2, 3}, {2})));
  EXPECT_TRUE(refused(legacy(dict({{"v", legacy_tensor(view, 3)}})), {"element 2 of a storage of 2"}));
  EXPECT_TRUE(refused(legacy(dict({{"v", legacy_tensor(tuple({text("v"), number(3), number(2)}), 2)}})), {"view outside"}));
}

TEST(PthLegacy, Refusals) {
  const std::string object = dict({{"w", legacy_tensor(kNone, 4)}}), keys = list({text("0")});
  EXPECT_TRUE(refused(legacy(object, keys, le<int64_t>(4) + kFour, 1000), {"1000", "expected 1001"}));
  EXPECT_TRUE(refused(legacy(object, keys, le<int64_t>(5) + kFour), {"5 elements, expected 4"}));
  EXPECT_TRUE(refused(legacy(object, keys, le<int64_t>(4) + kFour.substr(1)), {"truncated"}));
  EXPECT_TRUE(refused(legacy(object, list({}), ""), {"no storage '0'"}));
  EXPECT_TRUE(refused(legacy(object, list({text("1")})), {"str '1'", "belongs to no tensor"}));
  EXPECT_TRUE(refused(legacy(object, number(1)), {"expected a list of storage keys"}));
  EXPECT_TRUE(
      refused(legacy(object, list({text("0"), text("0")}), le<int64_t>(4) + kFour + le<int64_t>(4) + kFour), {"duplicate"}));
  const std::string module = tuple({text("module"), global("m", "Net"), text("net.py"), text("source")}) + "Q";
  EXPECT_TRUE(refused(legacy(call(module.substr(0, 0) + global("m", "Net"), tuple({module}))), {"whole pickled model"}));
  EXPECT_TRUE(refused(legacy(object).substr(0, 40), {"truncated"}));
}

// ---- damage, at every byte and bit

TEST(PthDamage, EveryCutAndEveryBit) {
  const std::string bytes = checkpoint(dict({{"w", tensor({.size = {2, 2}, .stride = {1, 2}})}}));
  const StateDict want = load(bytes);
  expect_survives_damage(
      bytes, [](const std::string& path) { return load_pth(path); }, [&](const StateDict& got) { return same(got, want); });
}

TEST(PthDamage, LegacyEveryCutAndEveryBit) {  // it has no CRC: a changed value cannot be seen
  expect_survives_damage(
      legacy(dict({{"w", legacy_tensor(kNone, 4)}})), [](const std::string& path) { return load_pth(path); },
      [](const StateDict&) { return true; });
}

}  // namespace
}  // namespace octet::loaders
