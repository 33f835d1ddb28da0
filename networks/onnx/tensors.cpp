#include "networks/onnx/tensors.h"

#include <charconv>
#include <filesystem>

#include "loaders/files/limits.h"
#include "networks/onnx/schema.h"

namespace octet::networks::onnx {
namespace {

using loaders::Bytes;
using loaders::quoted;

/// A number of TensorProto.DataType.
struct TypeNumber {
  int64_t number;
  DType type;
};
constexpr TypeNumber kTypes[] = {{1, DType::f32}, {2, DType::u8},      {3, DType::i8},   {5, DType::i16},  {6, DType::i32},
                                 {7, DType::i64}, {9, DType::boolean}, {10, DType::f16}, {11, DType::f64}, {16, DType::bf16}};

/// Of those that quantizers write.
const char* name_of(int64_t number) {
  constexpr std::pair<int64_t, const char*> kNames[] = {{4, "uint16"},  {8, "string"},        {12, "uint32"},
                                                        {13, "uint64"}, {17, "float8e4m3fn"}, {19, "float8e5m2"},
                                                        {21, "uint4"},  {22, "int4"},         {23, "float4e2m1"}};
  for (const auto& [row, name] : kNames)
    if (row == number) return name;
  return "unknown";
}

DType dtype_of(int64_t number, const std::string& where) {
  for (const TypeNumber& row : kTypes)
    if (row.number == number) return row.type;
  fail(where, "type ", number, " of TensorProto.DataType (", name_of(number),
       ") is not supported, expected a float, int8 to int64, uint8 or bool");
}

/// A list of wide numbers as elements of a narrow type; each as its lowest bits.
template <class T>
void narrow(const std::vector<int64_t>& numbers, std::byte* to) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    const T value = static_cast<T>(numbers[i]);
    std::memcpy(to + i * sizeof value, &value, sizeof value);
  }
}

void fill(Tensor& tensor, const std::vector<int64_t>& numbers) {
  switch (size_of(tensor.dtype())) {
    case 1:
      return narrow<uint8_t>(numbers, tensor.bytes());
    case 2:
      return narrow<uint16_t>(numbers, tensor.bytes());
    case 4:
      return narrow<uint32_t>(numbers, tensor.bytes());
    default:
      return narrow<uint64_t>(numbers, tensor.bytes());
  }
}

template <class T>
void fill(Tensor& tensor, const std::vector<T>& numbers) {
  if (!numbers.empty()) std::memcpy(tensor.bytes(), numbers.data(), numbers.size() * sizeof(T));
}

uint64_t elements_of(const Shape& shape, const std::string& where) {
  try {
    return static_cast<uint64_t>(numel(shape));
  } catch (const Error& error) {
    fail(where, error.what());
  }
}

uint64_t number_from(const std::string& text, const std::string& where) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  OCTET_CHECK(error == std::errc() && end == text.data() + text.size(), where, "external data: ", quoted(text),
              " is no number of bytes");
  return value;
}

}  // namespace

struct TensorReader::Proto {
  std::string name = {};
  Shape shape = {};
  int64_t type = 0;
  bool has_raw = false, is_external = false;
  Bytes raw = {};
  std::vector<int64_t> integers = {};
  std::vector<float> floats = {};
  std::vector<double> doubles = {};
  std::map<std::string, std::string> external = {};
};

TensorReader::TensorReader(const Source& source, std::string folder)
    : source_(source), folder_(std::move(folder)), bytes_of_files_(source.bytes.size()) {}

TensorReader::Proto TensorReader::fields_of(Bytes message) const {
  Proto proto;
  Fields fields(message, source_);
  for (Field f; fields.next(f);) {
    if (f.number == field::kDims) f.append_to(static_cast<std::vector<int64_t>&>(proto.shape));
    if (f.number == field::kDataType) proto.type = f.integer();
    if (f.number == field::kFloatData) f.append_to(proto.floats);
    if (f.number == field::kInt32Data || f.number == field::kInt64Data) f.append_to(proto.integers);
    if (f.number == field::kDoubleData) f.append_to(proto.doubles);
    if (f.number == field::kTensorName) proto.name = f.text();
    if (f.number == field::kRawData) proto.raw = f.bytes(), proto.has_raw = true;
    if (f.number == field::kDataLocation) proto.is_external = f.integer() == 1;
    if (f.number == field::kExternalData) {
      std::string key, value;
      Fields entry(f.bytes(), source_);
      for (Field e; entry.next(e);) (e.number == field::kKey ? key : value) = e.text();
      proto.external[key] = value;
    }
  }
  return proto;
}

TensorReader::Named TensorReader::read(Bytes message) {
  const Proto proto = fields_of(message);
  const std::string where = str(source_.name, ": tensor ", quoted(proto.name), ": ");
  OCTET_CHECK(proto.shape.size() <= loaders::kMaxRank, where, proto.shape.size(), " dimensions, at most ", loaders::kMaxRank);
  const DType type = dtype_of(proto.type, where);
  const uint64_t elements = elements_of(proto.shape, where);
  const uint64_t size = elements * size_of(type);
  const auto check = [&](uint64_t there, uint64_t expected, const char* unit) {
    OCTET_CHECK(there == expected, where, there, unit, " of ", proto.shape, " ", type, ", expected ", expected);
  };
  if (proto.has_raw || proto.is_external) {
    const Bytes bytes = proto.is_external ? external(proto, where) : proto.raw;
    check(bytes.size(), size, " bytes");
    spend(size, where);
    Tensor tensor(proto.shape, type);
    if (size > 0) std::memcpy(tensor.bytes(), bytes.data(), size);
    return {proto.name, tensor};
  }
  const auto from = [&](const auto& numbers) {
    check(numbers.size(), elements, " numbers");
    spend(size, where);
    Tensor tensor(proto.shape, type);
    fill(tensor, numbers);
    return Named{proto.name, tensor};
  };
  if (type == DType::f32) return from(proto.floats);
  if (type == DType::f64) return from(proto.doubles);
  return from(proto.integers);
}

Bytes TensorReader::external(const Proto& proto, const std::string& where) {
  const auto entry = [&](const char* key) {
    const auto it = proto.external.find(key);
    return it == proto.external.end() ? std::string() : it->second;
  };
  const Bytes all = beside(entry("location"), where).bytes();
  const uint64_t offset = entry("offset").empty() ? 0 : number_from(entry("offset"), where);
  OCTET_CHECK(offset <= all.size(), where, "external data begins at byte ", offset, " of ", all.size(), " in ",
              quoted(entry("location")));
  const uint64_t length = entry("length").empty() ? all.size() - offset : number_from(entry("length"), where);
  OCTET_CHECK(loaders::inside(offset, length, all.size()), where, "external data of ", length, " bytes at byte ", offset, " of ",
              all.size(), " in ", quoted(entry("location")));
  return all.subspan(offset, length);
}

const loaders::File& TensorReader::beside(const std::string& location, const std::string& where) {
  if (const auto known = files_.find(location); known != files_.end()) return known->second;
  const bool plain = !location.empty() && location != "." && location != ".." &&
                     location.find_first_of(std::string_view("/\\:\0", 4)) == location.npos;
  OCTET_CHECK(plain, where, "external data in ", quoted(location), ", expected the plain name of a file beside the model");
  const loaders::File file((std::filesystem::path(folder_) / location).string());
  bytes_of_files_ += file.bytes().size();
  return files_.emplace(location, file).first->second;
}

void TensorReader::spend(uint64_t bytes, const std::string& where) {
  spent_ += bytes;
  OCTET_CHECK(spent_ <= loaders::expansion_limit(bytes_of_files_), where,
              "the tensors up to here take more than the cap for files of this size");
}

}  // namespace octet::networks::onnx
