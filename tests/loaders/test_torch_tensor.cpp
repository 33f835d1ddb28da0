// Tensors of a checkpoint: storages, strides, offsets and quantizers that are refused, and the odd ones that are fine.
#include "loaders/checkpoints/torch_tensor.h"

#include <cmath>

#include "checkpoints.h"

namespace octet::loaders {
namespace {

using namespace build;
using test::bits_equal;

// ---- storages, strides, offsets

TEST(PthTensor, StorageOfAnotherSize) {
  EXPECT_TRUE(refused(TensorSpec{.numel = 5}, {"data/0", "16 bytes", "20"}));
  EXPECT_TRUE(refused(TensorSpec{.numel = 3, .size = {3}}, {"data/0", "16 bytes", "12"}));
}

TEST(PthTensor, StorageCounts) {
  EXPECT_TRUE(refused(TensorSpec{.numel = -6}, {"-6 elements"}));
  EXPECT_TRUE(refused(TensorSpec{.numel = int64_t{1} << 62}, {"4611686018427387904 elements"}));
}

TEST(PthTensor, BeyondTheStorage) {
  EXPECT_TRUE(refused(TensorSpec{.offset = 1}, {"element 4 of a storage of 4"}));
  EXPECT_TRUE(refused(TensorSpec{.size = {2, 2}, .stride = {3, 1}}, {"element 4 of a storage of 4"}));
  EXPECT_TRUE(refused(TensorSpec{.size = {2}, .stride = {INT64_MAX}}, {"storage of 4"}));
  EXPECT_TRUE(refused(TensorSpec{.size = {3}, .stride = {INT64_MAX}}, {"beyond 2^63"}));
  EXPECT_TRUE(refused(TensorSpec{.offset = INT64_MAX}, {"beyond 2^63"}));
}

TEST(PthTensor, NegativeNumbers) {
  EXPECT_TRUE(refused(TensorSpec{.offset = -1}, {"negative offset -1"}));
  EXPECT_TRUE(refused(TensorSpec{.size = {-2}}, {"negative size"}));
  EXPECT_TRUE(refused(TensorSpec{.stride = {-3}}, {"negative stride -3"}));
}

TEST(PthTensor, TooManyElements) {
  constexpr int64_t k33 = int64_t{1} << 33, k62 = int64_t{1} << 62;
  EXPECT_TRUE(refused(TensorSpec{.size = {k33, k33}, .stride = {0, 0}}, {"more than 2^40 elements"}));
  EXPECT_TRUE(refused(TensorSpec{.size = {k62, k62}, .stride = {0, 0}}, {"more than 2^40 elements"}));
  EXPECT_TRUE(refused(TensorSpec{.size = {int64_t{1} << 40}, .stride = {0}}, {"more memory"}));
  EXPECT_TRUE(refused(TensorSpec{.size = {int64_t{1} << 25}, .stride = {0}}, {"more memory"}));  // 128 MiB from 1 kB
}

TEST(PthTensor, ManyTensorsFromOneStorage) {  // the sum counts
  std::string object = "}(";
  for (int i = 0; i < 20; ++i) object += text("w" + std::to_string(i)) + tensor({.size = {1 << 20}, .stride = {0}});
  EXPECT_TRUE(refused(checkpoint(object + "u"), {"tensor 'w16'", "more memory"}));
}

TEST(PthTensor, Ranks) {
  EXPECT_TRUE(refused(TensorSpec{.size = {2, 2}}, {"2 sizes but 1 strides"}));
  EXPECT_TRUE(refused(TensorSpec{.size = std::vector<int64_t>(65, 1), .stride = std::vector<int64_t>(65, 1)}, {"65 dimensions"}));
}

TEST(PthTensor, UnknownStorageTypes) {
  EXPECT_TRUE(refused(TensorSpec{.type = "WeirdStorage"}, {"'torch.WeirdStorage'", "supported are float32"}));
  EXPECT_TRUE(refused(TensorSpec{.type = "ComplexFloatStorage"}, {"'torch.ComplexFloatStorage'", "supported are"}));
  const std::string sparse = call(global("torch._utils", "_rebuild_sparse_tensor"), tuple({kNone}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", sparse}})), {"'w'", "_rebuild_sparse_tensor"}));
}

/// _rebuild_tensor_v3 over 16 untyped bytes.
std::string tensor_v3(const std::string& dtype, int64_t numel) {
  const std::string bytes =
      tuple({text("storage"), global("torch.storage", "UntypedStorage"), text("0"), text("cpu"), number(16)}) + "Q";
  return call(global("torch._utils", "_rebuild_tensor_v3"),
              tuple({bytes, number(0), numbers({numel}), numbers({1}), kFalse, hooks(), global("torch", dtype)}));
}

TEST(PthTensor, UntypedStorages) {
  EXPECT_TRUE(
      refused(checkpoint(dict({{"w", tensor_v3("float8_e4m3fn", 16)}})), {"tensor 'w'", "torch.float8_e4m3fn", "supported"}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tensor_v3("uint16", 8)}})), {"torch.uint16"}));
  const StateDict state = load(checkpoint(dict({{"w", tensor_v3("float32", 4)}})));
  EXPECT_TRUE(bits_equal(state.find("w")->tensor, Tensor::from({1, 2, 3, 4}, {4})));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tensor_v3("float32", 5)}})), {"element 4 of a storage of 4"}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tensor_v3("float64", 3)}})), {"element 2 of a storage of 2"}));
}

TEST(PthTensor, OneStorageOfTwoKinds) {
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tensor()}, {"x", tensor({.type = "IntStorage"})}})),
                      {"tensor 'x'", "torch.IntStorage", "torch.FloatStorage"}));
  EXPECT_TRUE(
      refused(checkpoint(dict({{"w", tensor()}, {"x", tensor({.numel = 3, .size = {3}})}})), {"tensor 'x'", "3 of", "4 of"}));
}

TEST(PthTensor, HugeStrideOfASizeOne) {
  const StateDict state = load(checkpoint(dict({{"w", tensor({.size = {1, 2, 2}, .stride = {INT64_MAX, 1, 2}})}})));
  EXPECT_TRUE(bits_equal(state.find("w")->tensor, Tensor::from({1, 3, 2, 4}, {1, 2, 2})));
}

TEST(PthTensor, ScalarsAndEmptyTensors) {
  const StateDict state = load(checkpoint(dict(
      {{"scalar", tensor({.offset = 2, .size = {}, .stride = {}})}, {"empty", tensor({.size = {0, 5}, .stride = {5, 1}})}})));
  EXPECT_TRUE(bits_equal(state.find("scalar")->tensor, Tensor::from({3}, {})));
  EXPECT_EQ(state.find("empty")->tensor.shape(), (Shape{0, 5}));
}

TEST(PthTensor, ArgumentsOfAWrongKind) {
  const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2"), s = storage("FloatStorage", "0", 4);
  const auto with = [&](const std::vector<std::string>& args) { return checkpoint(dict({{"w", call(rebuild, tuple(args))}})); };
  EXPECT_TRUE(refused(with({s, number(0)}), {"2 arguments"}));
  EXPECT_TRUE(refused(with({kNone, number(0), numbers({4}), numbers({1}), kFalse, hooks()}), {"expected a storage, got None"}));
  EXPECT_TRUE(refused(with({s, real(0), numbers({4}), numbers({1}), kFalse, hooks()}), {"offset is float"}));
  EXPECT_TRUE(refused(with({s, number(0), tuple({text("4")}), numbers({1}), kFalse, hooks()}), {"size is str '4'"}));
  EXPECT_TRUE(refused(with({s, number(0), list({}), numbers({1}), kFalse, hooks()}), {"size is list"}));
  EXPECT_TRUE(refused(with({text("id") + "Q", number(0), numbers({4}), numbers({1}), kFalse, hooks()}), {"storage id"}));
  const std::string parameter = call(global("torch._utils", "_rebuild_parameter"), tuple({text("x"), kFalse, hooks()}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", parameter}})), {"expected a tensor, got str 'x'"}));
}

// ---- quantized tensors

const TensorSpec kCodes = {.type = "QInt8Storage", .numel = 16, .size = {2, 8}, .stride = {8, 1}};
std::string per_tensor(const std::string& scale, int64_t zero_point) {
  return tuple({global("torch", "per_tensor_affine"), scale, number(zero_point)});
}
std::string per_channel(const std::string& scales, const std::string& zero_points, int64_t axis) {
  return tuple({global("torch", "per_channel_affine"), scales, zero_points, number(axis)});
}
std::string quantized(const std::string& quantizer, const TensorSpec& codes = kCodes) {
  return checkpoint(dict({{"w", qtensor(codes, quantizer)}}));
}

TEST(PthQuantized, PerTensorAndPerChannel) {
  const StateEntry plain = first(quantized(per_tensor(real(0.5), -3)));
  EXPECT_EQ(plain.tensor.dtype(), DType::qint8);
  EXPECT_EQ(plain.qparams->scales, std::vector<double>{0.5});
  EXPECT_EQ(plain.qparams->zero_points, std::vector<int64_t>{-3});
  // Lists instead of tensors: older files.
  const StateEntry channels = first(quantized(per_channel(list({real(0.5), real(2)}), list({number(1), number(2)}), 0)));
  EXPECT_EQ(channels.qparams->scales, (std::vector<double>{0.5, 2}));
  EXPECT_EQ(channels.qparams->zero_points, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(channels.qparams->axis, 0);
}

TEST(PthQuantized, BadScalesAndZeroPoints) {
  for (double bad : {0.0, -0.1, std::nan(""), double{INFINITY}})
    EXPECT_TRUE(refused(quantized(per_tensor(real(bad), 0)), {"tensor 'w'", "scale"})) << bad;
  EXPECT_TRUE(refused(quantized(per_tensor(real(1), 128)), {"zero point 128 is outside qint8, -128 to 127"}));
  EXPECT_TRUE(refused(quantized(per_tensor(text("1"), 0)), {"scale is str '1'"}));
}

TEST(PthQuantized, BadChannels) {
  const std::string scales = list({real(0.5), real(2)}), zeros = list({number(1), number(2)});
  EXPECT_TRUE(refused(quantized(per_channel(list({real(0.5)}), zeros, 0)), {"1 scales and 2 zero points for 2 channels"}));
  EXPECT_TRUE(refused(quantized(per_channel(scales, zeros, 1)), {"for 8 channels"}));
  EXPECT_TRUE(refused(quantized(per_channel(scales, zeros, 2)), {"axis 2 of shape [2, 8]"}));
  EXPECT_TRUE(refused(quantized(per_channel(scales, zeros, -1)), {"axis -1"}));
  EXPECT_TRUE(refused(quantized(per_channel(number(1), zeros, 0)), {"expected scales and zero points, got int 1"}));
}

TEST(PthQuantized, SchemesAndTypesThatDoNotFit) {
  EXPECT_TRUE(refused(quantized(tuple({global("torch", "per_channel_symmetric"), real(1)})), {"'torch.per_channel_symmetric'"}));
  EXPECT_TRUE(refused(quantized(per_tensor(real(1), 0), {}), {"tensor 'w'", "float32"}));
  EXPECT_TRUE(refused(checkpoint(dict({{"w", tensor(kCodes)}})), {"qint8", "lacks quantization parameters"}));
}

TEST(PthDamage, QuantizedPickleWithoutCrc) {  // every bit of the pickle, under a CRC that fits
  const std::string pickle =
      program(dict({{"w", qtensor(kCodes, per_channel(list({real(0.5), real(2)}), list({number(1), number(2)}), 0))}}));
  for (size_t bit = 0; bit < pickle.size() * 8; ++bit) {
    std::string damaged = pickle;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    try {
      load(changed("m/data.pkl", damaged));
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace octet::loaders
