#include "loaders/checkpoints/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "loaders/files/digest.h"
#include "loaders/files/limits.h"
#include "tensor/json_text.h"

namespace octet::loaders {
namespace {

using Json = nlohmann::json;

constexpr const char* kMetadata = "__metadata__";

struct TypeName {
  std::string_view name;
  DType type;
};
constexpr TypeName kTypes[] = {{"F32", DType::f32}, {"F64", DType::f64},     {"F16", DType::f16}, {"BF16", DType::bf16},
                               {"I64", DType::i64}, {"I32", DType::i32},     {"I16", DType::i16}, {"I8", DType::i8},
                               {"U8", DType::u8},   {"BOOL", DType::boolean}};

/// The plain integer type that stands for a quantized one.
DType plain(DType dtype) {
  if (dtype == DType::quint8) return DType::u8;
  if (dtype == DType::qint8) return DType::i8;
  return dtype == DType::qint32 ? DType::i32 : dtype;
}

/// Parses the header; refuses duplicate keys and deep nesting while the parser runs.
Json parse_header(std::string_view text, const std::string& where) {
  OCTET_CHECK(text.starts_with('{'), where, ": the header does not begin with '{'");
  check_json_limits(text, {.bytes = kMaxSafetensorsHeader, .depth = kMaxJsonNesting}, where + ": the header");
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      OCTET_CHECK(keys.back().insert(key).second, where, ": duplicate key ", quoted(key));
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception& error) {
    fail(where, ": the header is not JSON: ", printable(error.what()));
  }
}

struct Item {
  std::string name;
  DType dtype;
  Shape shape;
  uint64_t begin, end;
};

uint64_t unsigned_number(const Json& j, const std::string& where, const char* what) {
  OCTET_CHECK(j.is_number_unsigned(), where, ": ", what, " is not a whole number from 0");
  return j.get<uint64_t>();
}

Item read_item(const std::string& name, const Json& j, const std::string& file) {
  const std::string where = file + ": tensor " + quoted(name);
  OCTET_CHECK(j.is_object() && j.size() == 3 && j.contains("dtype") && j.contains("shape") && j.contains("data_offsets"), where,
              ": expected dtype, shape and data_offsets");
  const Json &type = j["dtype"], &shape = j["shape"], &offsets = j["data_offsets"];
  OCTET_CHECK(type.is_string() && shape.is_array() && offsets.is_array() && offsets.size() == 2, where,
              ": dtype, shape or data_offsets of a wrong kind");
  const auto& type_name = type.get_ref<const std::string&>();
  const auto known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return t.name == type_name; });
  OCTET_CHECK(known != std::end(kTypes), where, ": unsupported dtype ", quoted(type_name));
  Item item{
      name, known->type, {}, unsigned_number(offsets[0], where, "an offset"), unsigned_number(offsets[1], where, "an offset")};
  OCTET_CHECK(shape.size() <= kMaxRank, where, ": ", shape.size(), " dimensions, at most ", kMaxRank);
  for (const Json& size : shape)
    item.shape.push_back(static_cast<int64_t>(std::min<uint64_t>(unsigned_number(size, where, "a size"), uint64_t{1} << 62)));
  uint64_t nbytes = 0;
  try {
    nbytes = static_cast<uint64_t>(numel(item.shape)) * size_of(item.dtype);
  } catch (const Error& error) {
    fail(where, ": ", error.what());
  }
  OCTET_CHECK(item.begin <= item.end && item.end - item.begin == nbytes, where, ": ", item.dtype, " ", item.shape, " takes ",
              nbytes, " bytes, the offsets ", item.begin, " and ", item.end, " do not");
  return item;
}

std::map<std::string, std::string> read_metadata(const Json& j, const std::string& where) {
  OCTET_CHECK(j.is_object(), where, ": __metadata__ is not an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : j.items()) {
    OCTET_CHECK(value.is_string(), where, ": __metadata__ ", quoted(key), " is not a string");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// The seal as it stands in the header that octet writes. (Inside a JSON string the quotes would have backslashes.)
std::string seal_text(const std::string& digits) { return str('"', kSealKey, "\":\"", digits, '"'); }

/// Where the digits begin in a header that has them; else npos.
size_t seal_place(std::string_view header, const std::string& digits) {
  const size_t at = digits.size() == kSealDigits ? header.find(seal_text(digits)) : header.npos;
  return at == header.npos ? at : at + seal_text("").size() - 1;
}

/// Checks the seal and takes it out of the metadata. Returns false for a file that has none.
bool open_seal(const File& file, std::string_view header, std::map<std::string, std::string>& metadata) {
  const auto seal = metadata.find(kSealKey);
  if (seal == metadata.end()) return false;
  const size_t place = seal_place(header, seal->second);
  check_seal(file, place == header.npos ? place : sizeof(uint64_t) + place);
  metadata.erase(seal);
  return true;
}

}  // namespace

SafeTensors load_safetensors(const std::string& path) { return load_safetensors(File(path)); }

SafeTensors load_safetensors(const File& file) {
  const std::string& where = file.name();
  const Bytes bytes = file.bytes();
  OCTET_CHECK(bytes.size() >= 8, where, ": ", bytes.size(), " bytes are too few for a safetensors file");
  const auto header_size = load_le<uint64_t>(bytes.data());
  OCTET_CHECK(header_size <= kMaxSafetensorsHeader, where, ": a header of ", header_size, " bytes, at most ",
              kMaxSafetensorsHeader);
  OCTET_CHECK(inside(8, header_size, bytes.size()), where, ": truncated: the header needs ", header_size, " bytes, the file has ",
              bytes.size() - 8);
  const std::string_view header_text = as_text(bytes.subspan(8, header_size));
  const Json header = parse_header(header_text, where);
  const Bytes data = bytes.subspan(8 + header_size);

  SafeTensors result;
  std::vector<Item> items;
  for (const auto& [name, value] : header.items()) {
    if (name == kMetadata)
      result.metadata = read_metadata(value, where);
    else
      items.push_back(read_item(name, value, where));
  }
  OCTET_CHECK(items.size() <= kMaxTensors, where, ": ", items.size(), " tensors, at most ", kMaxTensors);
  std::sort(items.begin(), items.end(),
            [](const Item& a, const Item& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
  uint64_t end = 0;
  for (const Item& item : items) {
    OCTET_CHECK(item.begin == end, where, ": tensor ", quoted(item.name), " begins at ", item.begin, ", expected ", end,
                ": the data has a hole or an overlap");
    end = item.end;
  }
  OCTET_CHECK(end == data.size(), where, ": ", data.size() < end ? "truncated: " : "", "the tensors take ", end,
              " bytes, the file has ", data.size());
  result.sealed = open_seal(file, header_text, result.metadata);
  for (const Item& item : items) {
    Tensor tensor(item.shape, item.dtype);
    if (tensor.nbytes()) std::memcpy(tensor.bytes(), data.data() + item.begin, tensor.nbytes());
    result.tensors.add({item.name, std::move(tensor), {}});
  }
  return result;
}

namespace {

/// Wide elements first: a reader that maps the file finds every tensor aligned (torch's refuses it otherwise).
std::vector<const StateEntry*> write_order(const StateDict& tensors) {
  std::vector<const StateEntry*> order;
  for (const StateEntry& entry : tensors.entries()) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const StateEntry* a, const StateEntry* b) {
    return size_of(a->tensor.dtype()) > size_of(b->tensor.dtype());
  });
  return order;
}

/// The JSON header as yet without its seal, padded with spaces so that the data begins at a multiple of 8. Errors begin with `file`.
std::string unsealed_header(const SafeTensors& contents, const std::string& file) {
  Json header = Json::object();
  header[kMetadata] = contents.metadata;
  header[kMetadata][kSealKey] = unsealed();
  uint64_t at = 0;
  for (const StateEntry* entry : write_order(contents.tensors)) {
    const Tensor& tensor = entry->tensor;
    OCTET_CHECK(entry->key != kMetadata && tensor.defined(), file, ": tensor ", quoted(entry->key),
                " cannot be saved: its name is reserved, or it is undefined");
    const auto type =
        std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return t.type == plain(tensor.dtype()); });
    header[entry->key] = {{"dtype", type->name},
                          {"shape", static_cast<const std::vector<int64_t>&>(tensor.shape())},
                          {"data_offsets", {at, at + tensor.nbytes()}}};
    at += tensor.nbytes();
  }
  try {
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    OCTET_CHECK(text.size() <= kMaxSafetensorsHeader, file, ": header of ", text.size(), " bytes, at most ",
                kMaxSafetensorsHeader);
    return text;
  } catch (const Json::exception& error) {  // names or metadata that are not UTF-8
    fail(file, ": names or metadata cannot be saved: ", printable(error.what()));
  }
}

}  // namespace

void save_safetensors(const std::string& path, const SafeTensors& file) {
  std::string header = unsealed_header(file, printable(path));
  const uint64_t size = header.size();
  const auto each_part = [&](const auto& take) {
    take(std::as_bytes(std::span(&size, 1)));
    take(std::as_bytes(std::span(header)));
    for (const StateEntry* entry : write_order(file.tensors)) take(Bytes(entry->tensor.bytes(), entry->tensor.nbytes()));
  };
  Digest digest(Hash::sha256);
  each_part([&](Bytes part) { digest.add(part); });
  header.replace(seal_place(header, unsealed()), kSealDigits, digest.hex());
  write_atomically(path, [&](Output& out) { each_part([&](Bytes part) { out.write(part); }); });
}

size_t safetensors_size(const SafeTensors& file) {
  size_t size = sizeof(uint64_t) + unsealed_header(file, "safetensors").size();
  for (const StateEntry& entry : file.tensors.entries()) size += entry.tensor.nbytes();
  return size;
}

}  // namespace octet::loaders
