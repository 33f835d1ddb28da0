#include "loaders/checkpoints/torch_tensor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace octet::loaders {
namespace {

using pickle::Opaque;
using pickle::Pickle;
using pickle::Ref;

struct TypeName {
  std::string_view storage, dtype;
  DType type;
};
constexpr TypeName kTypes[] = {
    {"torch.FloatStorage", "torch.float32", DType::f32},    {"torch.DoubleStorage", "torch.float64", DType::f64},
    {"torch.HalfStorage", "torch.float16", DType::f16},     {"torch.BFloat16Storage", "torch.bfloat16", DType::bf16},
    {"torch.LongStorage", "torch.int64", DType::i64},       {"torch.IntStorage", "torch.int32", DType::i32},
    {"torch.ShortStorage", "torch.int16", DType::i16},      {"torch.CharStorage", "torch.int8", DType::i8},
    {"torch.ByteStorage", "torch.uint8", DType::u8},        {"torch.BoolStorage", "torch.bool", DType::boolean},
    {"torch.QInt8Storage", "torch.qint8", DType::qint8},    {"torch.QUInt8Storage", "torch.quint8", DType::quint8},
    {"torch.QInt32Storage", "torch.qint32", DType::qint32},
};
constexpr std::string_view kUntyped = "torch.storage.UntypedStorage";
constexpr std::string_view kSupported =
    "supported are float32, float64, float16, bfloat16, int64, int32, int16, int8, uint8, bool, qint8, quint8, qint32";

constexpr std::string_view kTensorV1 = "torch._utils._rebuild_tensor";  // of torch 0.1 to 0.3
constexpr std::string_view kTensorV2 = "torch._utils._rebuild_tensor_v2", kTensorV3 = "torch._utils._rebuild_tensor_v3";
constexpr std::string_view kParameter = "torch._utils._rebuild_parameter", kQTensor = "torch._utils._rebuild_qtensor";
constexpr std::string_view kPerTensor = "torch.per_tensor_affine", kPerChannel = "torch.per_channel_affine";

bool is_quantized(DType dtype) { return dtype == DType::qint8 || dtype == DType::quint8 || dtype == DType::qint32; }

/// The smallest and largest code.
std::pair<int64_t, int64_t> code_range(DType dtype) {
  if (dtype == DType::quint8) return {0, 255};
  if (dtype == DType::qint8) return {-128, 127};
  return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
}

}  // namespace

StorageId read_storage_id(const Pickle& pickle, Ref persistent, const std::string& where) {
  const auto* reference = pickle.get<pickle::Persistent>(persistent);
  OCTET_CHECK(reference != nullptr, where, ": expected a storage, got ", pickle.describe(persistent));
  const auto* id = pickle.get<pickle::Tuple>(reference->id);
  OCTET_CHECK(id != nullptr && (id->items.size() == 5 || id->items.size() == 6), where,
              ": expected a storage id of 5 or 6 parts, got ", pickle.describe(reference->id));
  const auto& parts = id->items;
  const auto* kind = pickle.get<std::string>(parts[0]);
  const auto* key = pickle.get<std::string>(parts[2]);
  const auto* count = pickle.get<int64_t>(parts[4]);
  OCTET_CHECK(kind && *kind == "storage" && key && count && pickle.get<std::string>(parts[3]), where,
              ": not a storage id as torch writes it");
  StorageId storage{.type = std::string(pickle.global_name(parts[1])), .key = *key, .dtype = {}, .numel = *count};
  const auto type =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return t.storage == storage.type; });
  OCTET_CHECK(type != std::end(kTypes) || storage.type == kUntyped, where, ": unsupported storage type ", quoted(storage.type),
              "; ", kSupported);
  if (type != std::end(kTypes)) storage.dtype = type->type;
  OCTET_CHECK(storage.numel >= 0 && storage.numel <= int64_t{1} << 40, where, ": storage ", quoted(*key), " of ", *count,
              " elements, expected 0 to 2^40");
  storage.view_numel = storage.numel;
  if (parts.size() == 6 && !pickle.get<pickle::None>(parts[5])) {
    const auto* view = pickle.get<pickle::Tuple>(parts[5]);
    const bool three = view != nullptr && view->items.size() == 3;
    const auto* offset = three ? pickle.get<int64_t>(view->items[1]) : nullptr;
    const auto* numel = three ? pickle.get<int64_t>(view->items[2]) : nullptr;
    const bool fits = offset && numel && *offset >= 0 && *numel >= 0 && inside(*offset, *numel, storage.numel);
    OCTET_CHECK(fits, where, ": storage ", quoted(*key), " has a view outside its ", storage.numel, " elements");
    storage.view_offset = *offset;
    storage.view_numel = *numel;
  }
  return storage;
}

bool TensorReader::is_tensor(Ref ref) const {
  const std::string_view name = pickle_.get<Opaque>(ref) ? pickle_.global_name(ref) : std::string_view();
  return name == kTensorV1 || name == kTensorV2 || name == kTensorV3 || name == kParameter || name == kQTensor;
}

int64_t TensorReader::elements(Ref ref) const {
  if (!is_tensor(ref)) return 0;
  const auto* call = pickle_.get<Opaque>(ref);
  const Items& items = pickle_.get<pickle::Tuple>(call->arguments)->items;
  if (pickle_.global_name(ref) == kParameter)
    return !items.empty() && pickle_.global_name(items[0]) != kParameter ? elements(items[0]) : 0;
  const auto* sizes = items.size() > 2 ? pickle_.get<pickle::Tuple>(items[2]) : nullptr;
  if (sizes == nullptr) return 0;
  constexpr int64_t kMany = 2;  // more than one is all that is asked; a product of what the file says could overflow
  int64_t count = 1;
  for (Ref size : sizes->items)
    if (const auto* n = pickle_.get<int64_t>(size))
      count = std::clamp<int64_t>(count * std::clamp<int64_t>(*n, 0, kMany), 0, kMany);
  return count;
}

StateEntry TensorReader::read(Ref ref, std::string key) {
  label_ = "tensor " + quoted(key);
  // _rebuild_parameter(tensor, requires_grad, hooks)
  for (int wrapped = 0; pickle_.get<Opaque>(ref) && pickle_.global_name(ref) == kParameter; ++wrapped) {
    OCTET_CHECK(wrapped == 0, where(), ": a parameter of a parameter");
    ref = arguments(*pickle_.get<Opaque>(ref), 3)[0];
  }
  OCTET_CHECK(is_tensor(ref), where(), ": expected a tensor, got ", pickle_.describe(ref));
  const auto& call = *pickle_.get<Opaque>(ref);
  const bool quantized = pickle_.global_name(ref) == kQTensor;
  StateEntry entry{std::move(key), read_strided(call), {}};
  OCTET_CHECK(is_quantized(entry.tensor.dtype()) == quantized, where(), ": ", entry.tensor.dtype(), " in a tensor that ",
              quantized ? "has" : "lacks", " quantization parameters");
  if (quantized) entry.qparams = read_qparams(arguments(call, 7)[4], entry.tensor);
  return entry;
}

const TensorReader::Items& TensorReader::arguments(const Opaque& call, size_t least) const {
  const Items& items = pickle_.get<pickle::Tuple>(call.arguments)->items;  // the pickle machine accepts nothing else
  OCTET_CHECK(items.size() >= least, where(), ": ", printable(pickle_.global_name(call.global)), " with ", items.size(),
              " arguments, expected ", least);
  return items;
}

int64_t TensorReader::integer(Ref ref, const char* what) const {
  const auto* value = pickle_.get<int64_t>(ref);
  OCTET_CHECK(value != nullptr, where(), ": ", what, " is ", pickle_.describe(ref), ", expected an integer");
  return *value;
}

double TensorReader::real(Ref ref, const char* what) const {
  const auto* value = pickle_.get<double>(ref);
  OCTET_CHECK(value != nullptr, where(), ": ", what, " is ", pickle_.describe(ref), ", expected a float");
  return *value;
}

std::vector<int64_t> TensorReader::integers(Ref ref, const char* what) const {
  const auto* tuple = pickle_.get<pickle::Tuple>(ref);
  OCTET_CHECK(tuple != nullptr, where(), ": ", what, " is ", pickle_.describe(ref), ", expected a tuple of integers");
  std::vector<int64_t> values;
  for (Ref item : tuple->items) values.push_back(integer(item, what));
  return values;
}

DType TensorReader::dtype_of(const StorageId& id, const Opaque& call, const Items& args) const {
  const bool v3 = pickle_.global_name(call.global) == kTensorV3;
  OCTET_CHECK(v3 || id.dtype, where(), ": an untyped storage in a typed tensor");
  if (!v3) return *id.dtype;
  OCTET_CHECK(args.size() >= 7, where(), ": _rebuild_tensor_v3 without a dtype");
  const std::string_view name = pickle_.global_name(args[6]);
  for (const TypeName& type : kTypes)
    if (type.dtype == name) return type.type;
  fail(where(), ": unsupported dtype ", name.empty() ? pickle_.describe(args[6]) : printable(name), "; ", kSupported);
}

const Record& TensorReader::storage(const StorageId& id) {
  auto it = storages_.find(id.key);
  if (it == storages_.end()) {
    try {
      it = storages_.emplace(id.key, StoredBytes{id, source_(id)}).first;
    } catch (const Error& error) {
      fail(error.what(), " (the storage of ", label_, ")");
    }
  }
  const StorageId& first = it->second.id;
  OCTET_CHECK(first.type == id.type && first.numel == id.numel, where(), ": storage ", quoted(id.key), " is ", id.numel, " of ",
              id.type, " here and ", first.numel, " of ", first.type, " before");
  OCTET_CHECK(it->second.record.bytes.size() == id.nbytes(), where(), ": storage ", quoted(id.key), " holds ",
              it->second.record.bytes.size(), " bytes, expected ", id.nbytes());
  return it->second.record;
}

// _rebuild_tensor(storage, offset, size, stride); _v2 has (..., requires_grad, hooks[, metadata]) behind these; v3 has a dtype before the metadata;
// _rebuild_qtensor has the quantizer before requires_grad.
Tensor TensorReader::read_strided(const Opaque& call) {
  const Items& args = arguments(call, pickle_.global_name(call.global) == kTensorV1 ? 4 : 6);
  const StorageId id = read_storage_id(pickle_, args[0], where());
  const std::vector<int64_t> sizes = integers(args[2], "size");
  StridedView view{.shape = Shape(sizes.begin(), sizes.end()),
                   .strides = integers(args[3], "stride"),
                   .offset = integer(args[1], "offset"),
                   .dtype = dtype_of(id, call, args),
                   .big_endian = options_.big_endian};
  const size_t shrink = size_of(view.dtype) / id.element_size();  // an untyped storage counts bytes
  check_view(view, static_cast<uint64_t>(id.view_numel) / std::max<size_t>(shrink, 1), where());
  const uint64_t nbytes = static_cast<uint64_t>(numel(view.shape)) * size_of(view.dtype);
  OCTET_CHECK(nbytes <= options_.max_bytes, where(), ": shape ", view.shape,
              " and the tensors before it would take more memory than", " a file of this size may ask for");
  options_.max_bytes -= nbytes;
  const Record& record = storage(id);
  return copy_contiguous(view, record.bytes.subspan(static_cast<size_t>(id.view_offset) * id.element_size()));
}

/// Scales (f64) or zero points (i64): a tensor, or in older files a list.
Tensor TensorReader::read_numbers(Ref ref, DType dtype) {
  const auto* list = pickle_.get<pickle::List>(ref);
  if (list == nullptr) {
    OCTET_CHECK(is_tensor(ref), where(), ": expected scales and zero points, got ", pickle_.describe(ref));
    const Tensor numbers = read_strided(*pickle_.get<Opaque>(ref));
    OCTET_CHECK(numbers.dtype() == dtype && numbers.dim() == 1, where(), ": scales or zero points of ", numbers.dtype(), " ",
                numbers.shape(), ", expected ", dtype, " [channels]");
    return numbers;
  }
  Tensor numbers({static_cast<int64_t>(list->items.size())}, dtype);
  for (size_t i = 0; i < list->items.size(); ++i) {
    if (dtype == DType::i64)
      numbers.data<int64_t>()[i] = integer(list->items[i], "zero point");
    else
      numbers.data<double>()[i] = real(list->items[i], "scale");
  }
  return numbers;
}

StoredQParams TensorReader::read_qparams(Ref ref, const Tensor& codes) {
  const auto* quantizer = pickle_.get<pickle::Tuple>(ref);
  const size_t count = quantizer ? quantizer->items.size() : 0;
  const std::string_view scheme = count ? pickle_.global_name(quantizer->items[0]) : std::string_view();
  StoredQParams q;
  int64_t channels = 1;
  if (scheme == kPerTensor && count == 3) {
    q = {{real(quantizer->items[1], "scale")}, {integer(quantizer->items[2], "zero point")}, {}};
  } else if (scheme == kPerChannel && count == 4) {
    const Tensor scales = read_numbers(quantizer->items[1], DType::f64);
    const Tensor zero_points = read_numbers(quantizer->items[2], DType::i64);
    q.scales.assign(scales.data<double>(), scales.data<double>() + scales.numel());
    q.zero_points.assign(zero_points.data<int64_t>(), zero_points.data<int64_t>() + zero_points.numel());
    q.axis = integer(quantizer->items[3], "axis");
    OCTET_CHECK(*q.axis >= 0 && *q.axis < codes.dim(), where(), ": axis ", *q.axis, " of shape ", codes.shape());
    channels = codes.size(*q.axis);
  } else {
    fail(where(), ": unsupported quantization scheme ", quoted(scheme), "; expected ", kPerTensor, " or ", kPerChannel);
  }
  const auto n = static_cast<size_t>(channels);
  OCTET_CHECK(q.scales.size() == n && q.zero_points.size() == n, where(), ": ", q.scales.size(), " scales and ",
              q.zero_points.size(), " zero points for ", n, " channels");
  const auto [low, high] = code_range(codes.dtype());
  for (double scale : q.scales) OCTET_CHECK(std::isfinite(scale) && scale > 0, where(), ": scale ", scale, " is not positive");
  for (int64_t zero : q.zero_points)
    OCTET_CHECK(zero >= low && zero <= high, where(), ": zero point ", zero, " is outside ", codes.dtype(), ", ", low, " to ",
                high);
  return q;
}

}  // namespace octet::loaders
