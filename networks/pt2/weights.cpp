#include "networks/pt2/weights.h"

#include "loaders/files/limits.h"
#include "loaders/files/strided.h"
#include "networks/pt2/json.h"

namespace octet::networks {
namespace {

using loaders::printable;

/// Numbers of torch._export.serde.schema.ScalarType.
DType dtype_of(int64_t number, const std::string& where) {
  switch (number) {
    case 1:
      return DType::u8;
    case 2:
      return DType::i8;
    case 3:
      return DType::i16;
    case 4:
      return DType::i32;
    case 5:
      return DType::i64;
    case 6:
      return DType::f16;
    case 7:
      return DType::f32;
    case 8:
      return DType::f64;
    case 12:
      return DType::boolean;
    case 13:
      return DType::bf16;
    default:
      fail(where, ": type ", number, " of PyTorch's ScalarType is not supported, expected a float, an integer or bool");
  }
}

/// {"as_int": 64}: sizes of tensors in a file are known.
template <class Numbers>
Numbers known_numbers(const Json& list) {
  Numbers numbers;
  for (const Json& item : list) numbers.push_back(item.at("as_int").get<int64_t>());
  return numbers;
}

Tensor read_tensor(const loaders::Zip& zip, const std::string& record_name, const Json& meta, const std::string& where,
                   uint64_t& budget) {
  loaders::StridedView view{.shape = known_numbers<Shape>(meta.at("sizes")),
                            .strides = known_numbers<std::vector<int64_t>>(meta.at("strides")),
                            .offset = meta.at("storage_offset").at("as_int").get<int64_t>(),
                            .dtype = dtype_of(meta.at("dtype").get<int64_t>(), where)};
  const loaders::ZipEntry* entry = zip.find(record_name);
  OCTET_CHECK(entry != nullptr, where, ": its record ", printable(record_name), " is missing");
  const uint64_t size = size_of(view.dtype);
  loaders::check_view(view, entry->size / size, where);
  const uint64_t bytes = static_cast<uint64_t>(numel(view.shape)) * size;
  OCTET_CHECK(bytes <= budget, where, ": the tensors up to here take more than the cap for a file of this size");
  budget -= bytes;
  const loaders::Record record = zip.read(*entry);
  return copy_contiguous(view, record.bytes);
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
    for (const auto& [key, entry] : entries.items()) {
      const std::string tensor = file + ": tensor " + loaders::quoted(key);
      OCTET_CHECK(!entry.at("use_pickle").get<bool>(), tensor, ": is pickled, expected plain bytes, as plain tensors have them");
      tensors[key] = read_tensor(zip, folder + entry.at("path_name").get<std::string>(), entry.at("tensor_meta"), tensor, budget);
    }
    return std::move(tensors);
  });
}

}  // namespace octet::networks
