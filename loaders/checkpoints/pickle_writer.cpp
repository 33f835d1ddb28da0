#include "loaders/checkpoints/pickle_writer.h"

#include "loaders/files/bytes.h"

#include <bit>
#include <set>
#include "tensor/text.h"

namespace octet::loaders {
namespace {

const char* storage_type(DType dtype, const std::string& key) {
  switch (dtype) {
    case DType::f32:
      return "FloatStorage";
    case DType::f64:
      return "DoubleStorage";
    case DType::f16:
      return "HalfStorage";
    case DType::bf16:
      return "BFloat16Storage";
    case DType::i64:
      return "LongStorage";
    case DType::i32:
      return "IntStorage";
    case DType::i16:
      return "ShortStorage";
    case DType::i8:
      return "CharStorage";
    case DType::u8:
      return "ByteStorage";
    case DType::boolean:
      return "BoolStorage";
    case DType::qint8:
      return "QInt8Storage";
    case DType::quint8:
      return "QUInt8Storage";
    default:
      fail("save_pth: ", quoted(key), " is ", dtype, ", which a checkpoint does not hold");
  }
}

/// Values as opcodes of Python's pickletools.
class PickleWriter {
 public:
  explicit PickleWriter(std::vector<Tensor>& storages) : storages_(storages) {}

  void code(const char* opcodes) { out_ += opcodes; }
  void global(const char* module, const char* name) { out_ += str("c", module, "\n", name, "\n"); }
  void text(const std::string& s) {
    out_ += 'X';  // BINUNICODE
    put(out_, s.size(), 4);
    out_ += s;
  }
  void integer(int64_t value) {
    if (value >= 0 && value < (int64_t{1} << 31)) {
      out_ += 'J';  // BININT
      put(out_, static_cast<uint64_t>(value), 4);
    } else {
      out_ += "\x8a\x08";  // LONG1 of eight bytes
      put(out_, static_cast<uint64_t>(value), 8);
    }
  }
  void real(double value) {
    out_ += 'G';  // BINFLOAT: big-endian
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int byte = 7; byte >= 0; --byte) out_ += static_cast<char>(bits >> (8 * byte));
  }
  void ordered_dict() {
    global("collections", "OrderedDict");
    code(")R");  // EMPTY_TUPLE REDUCE
  }
  void tensor(const StateEntry& entry) {
    global("torch._utils", entry.qparams ? "_rebuild_qtensor" : "_rebuild_tensor_v2");
    code("(");
    storage_size_and_stride(entry.tensor, entry.key);
    if (entry.qparams) quantizer(*entry.qparams, entry.key);
    code("\x89");  // NEWFALSE: requires_grad
    ordered_dict();
    code("tR");
  }
  std::string finish() && { return std::move(out_ += '.'); }

 private:
  void storage_size_and_stride(const Tensor& t, const std::string& key) {
    code("(");
    text("storage");
    global("torch", storage_type(t.dtype(), key));
    text(std::to_string(storages_.size()));
    text("cpu");
    integer(t.numel());
    code("tQ");  // TUPLE BINPERSID
    storages_.push_back(t);
    integer(0);
    code("(");
    for (const int64_t size : t.shape()) integer(size);
    code("t(");
    for (size_t d = 0; d < t.shape().size(); ++d) {
      int64_t stride = 1;
      for (size_t inner = d + 1; inner < t.shape().size(); ++inner) stride *= t.shape()[inner];
      integer(stride);
    }
    code("t");
  }
  void quantizer(const StoredQParams& q, const std::string& key) {
    code("(");
    global("torch", q.axis ? "per_channel_affine" : "per_tensor_affine");
    if (q.axis) {
      const auto channels = static_cast<int64_t>(q.scales.size());
      tensor({key + ".scales", Tensor::from(q.scales, {channels}, DType::f64), {}});
      tensor({key + ".zero_points", Tensor::from(q.zero_points, {channels}, DType::i64), {}});
      integer(*q.axis);
    } else {
      real(q.scales.at(0));
      integer(q.zero_points.at(0));
    }
    code("t");
  }

  std::vector<Tensor>& storages_;
  std::string out_ = "\x80\x02";  // PROTO 2
};

constexpr std::string_view kPacked = "._packed_params._packed_params";
constexpr int64_t kPackedVersion = 3;  // torch/ao/nn/quantized/modules/linear.py: Linear._version, LinearPackedParams._version

/// Weight and bias of a quantized linear layer under PyTorch's one key, and the dtype beside it.
void write_packed(PickleWriter& pickle, const std::string& layer, const StateEntry& weight, const StateEntry* bias) {
  pickle.text(layer + "._packed_params.dtype");
  pickle.global("torch", "qint8");
  pickle.text(layer + std::string(kPacked));
  pickle.code("(");
  pickle.tensor(weight);
  bias ? pickle.tensor(*bias) : pickle.code("N");  // NONE
  pickle.code("t");
}

/// OrderedDict._metadata, in which load_state_dict finds how old a layer's entries are.
void write_versions(PickleWriter& pickle, const std::set<std::string>& layers) {
  pickle.code("}(");  // EMPTY_DICT MARK
  pickle.text("_metadata");
  pickle.ordered_dict();
  pickle.code("(");
  for (const std::string& layer : layers)
    for (const char* part : {"", "._packed_params"}) {
      pickle.text(layer + part);
      pickle.code("}(");
      pickle.text("version");
      pickle.integer(kPackedVersion);
      pickle.code("u");
    }
  pickle.code("uub");  // SETITEMS twice, BUILD
}

}  // namespace

std::string pickled_state_dict(const StateDict& state, std::vector<Tensor>& storages) {
  PickleWriter pickle(storages);
  std::set<std::string> packed;
  pickle.ordered_dict();
  pickle.code("(");
  for (const StateEntry& entry : state.entries()) {
    const bool codes = entry.tensor.dtype() == DType::qint8 || entry.tensor.dtype() == DType::quint8;
    OCTET_CHECK(codes == entry.qparams.has_value(), "save_pth: ", quoted(entry.key), " is ", entry.tensor.dtype(),
                codes ? ", without" : ", with", " scale and zero point");
    const size_t at = entry.key.find(kPacked);
    if (at == std::string::npos) {
      pickle.text(entry.key);
      if (entry.tensor.defined())
        pickle.tensor(entry);
      else
        pickle.code("N");
    } else if (entry.key.ends_with(".0")) {
      const std::string layer = entry.key.substr(0, at);
      write_packed(pickle, layer, entry, state.find(layer + std::string(kPacked) + ".1"));
      packed.insert(layer);
    }
  }
  pickle.code("u");  // SETITEMS
  if (!packed.empty()) write_versions(pickle, packed);
  return std::move(pickle).finish();
}

}  // namespace octet::loaders
