#include "networks/pt2/weights.h"

#include "loaders/files/limits.h"
#include "loaders/files/strided.h"
#include "networks/pt2/json.h"

namespace octet::networks {
namespace {

using loaders::printable;

/// A number of torch._export.serde.schema.ScalarType.
struct TypeNumber {
  int64_t number;
  DType type;
};
constexpr TypeNumber kTypes[] = {{1, DType::u8},  {2, DType::i8},  {3, DType::i16}, {4, DType::i32},      {5, DType::i64},
                                 {6, DType::f16}, {7, DType::f32}, {8, DType::f64}, {12, DType::boolean}, {13, DType::bf16}};

DType dtype_of(int64_t number, const std::string& where) {
  for (const TypeNumber& row : kTypes)
    if (row.number == number) return row.type;
  fail(where, ": type ", number, " of PyTorch's ScalarType is not supported, expected a float, an integer or bool");
}

/// {"as_int": 64}: sizes of tensors in a file are known.
template <class Numbers>
Numbers known_numbers(const Json& list) {
  Numbers numbers;
  for (const Json& item : list) numbers.push_back(item.at("as_int").get<int64_t>());
  return numbers;
}

/// Reads each record once, however many tensors lie in it.
class Records {
 public:
  explicit Records(const loaders::Zip& zip) : zip_(zip) {}

  const loaders::Record& read(const std::string& name, const std::string& where) {
    const auto known = records_.find(name);
    if (known != records_.end()) return known->second;
    const loaders::ZipEntry* entry = zip_.find(name);
    OCTET_CHECK(entry != nullptr, where, ": its record ", printable(name), " is missing");
    return records_[name] = zip_.read(*entry);
  }

 private:
  const loaders::Zip& zip_;
  std::map<std::string, loaders::Record> records_;
};

Tensor read_tensor(loaders::Bytes storage, const Json& meta, const std::string& where, uint64_t& budget) {
  const loaders::StridedView view{.shape = known_numbers<Shape>(meta.at("sizes")),
                                  .strides = known_numbers<std::vector<int64_t>>(meta.at("strides")),
                                  .offset = meta.at("storage_offset").at("as_int").get<int64_t>(),
                                  .dtype = dtype_of(meta.at("dtype").get<int64_t>(), where)};
  const uint64_t size = size_of(view.dtype);
  loaders::check_view(view, storage.size() / size, where);
  const uint64_t bytes = static_cast<uint64_t>(numel(view.shape)) * size;
  OCTET_CHECK(bytes <= budget, where, ": the tensors up to here take more than the cap for a file of this size");
  budget -= bytes;
  return copy_contiguous(view, storage);
}

}  // namespace

std::map<std::string, Tensor> read_tensors(const loaders::Zip& zip, const std::string& folder, const std::string& config,
                                           const std::string& file, uint64_t& budget) {
  std::map<std::string, Tensor> tensors;
  if (zip.find(folder + config) == nullptr) return tensors;
  const Json all = read_json(zip, folder + config, file);
  const std::string where = file + ": " + printable(folder + config);
  return reading(where, [&] {
    const Json& entries = all.at("config");
    OCTET_CHECK(entries.size() <= loaders::kMaxTensors, where, ": ", entries.size(), " tensors, at most ", loaders::kMaxTensors);
    Records records(zip);
    for (const auto& [key, entry] : entries.items()) {
      const std::string tensor = file + ": tensor " + loaders::quoted(key);
      OCTET_CHECK(!entry.at("use_pickle").get<bool>(), tensor, ": is pickled, expected plain bytes, as plain tensors have them");
      const loaders::Record& record = records.read(folder + entry.at("path_name").get<std::string>(), tensor);
      tensors[key] = read_tensor(record.bytes, entry.at("tensor_meta"), tensor, budget);
    }
    return std::move(tensors);
  });
}

}  // namespace octet::networks
