#include "loaders/pth_writer.h"

#include <zlib.h>

#include "loaders/file.h"

namespace octet::loaders {
namespace {

constexpr size_t kAlignment = 64;  // of tensor bytes in the file, as torch's writer has it

/// Little-endian numbers.
void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

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
    default:
      fail("save_pth: '", key, "' is ", dtype, ", which a float checkpoint does not hold");
  }
}

/// The opcodes of Python's pickletools that are needed.
class PickleWriter {
 public:
  PickleWriter() : out_("\x80\x02") {}
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
  void code(const char* opcodes) { out_ += opcodes; }
  void ordered_dict() {
    global("collections", "OrderedDict");
    code(")R");  // EMPTY_TUPLE REDUCE
  }
  std::string finish() && { return std::move(out_ += '.'); }

 private:
  std::string out_;
};

void write_tensor(PickleWriter& pickle, const StateEntry& entry, size_t index) {
  const Shape& shape = entry.tensor.shape();
  pickle.global("torch._utils", "_rebuild_tensor_v2");
  pickle.code("((");
  pickle.text("storage");
  pickle.global("torch", storage_type(entry.tensor.dtype(), entry.key));
  pickle.text(std::to_string(index));
  pickle.text("cpu");
  pickle.integer(entry.tensor.numel());
  pickle.code("tQ");  // TUPLE BINPERSID
  pickle.integer(0);
  pickle.code("(");
  for (const int64_t size : shape) pickle.integer(size);
  pickle.code("t(");
  for (size_t d = 0; d < shape.size(); ++d) {
    int64_t stride = 1;
    for (size_t inner = d + 1; inner < shape.size(); ++inner) stride *= shape[inner];
    pickle.integer(stride);
  }
  pickle.code("t\x89");  // NEWFALSE: requires_grad
  pickle.ordered_dict();
  pickle.code("tR");
}

std::string data_pkl(const StateDict& state) {
  PickleWriter pickle;
  pickle.ordered_dict();
  pickle.code("(");
  for (size_t i = 0; i < state.entries().size(); ++i) {
    pickle.text(state.entries()[i].key);
    write_tensor(pickle, state.entries()[i], i);
  }
  pickle.code("u");  // SETITEMS
  return std::move(pickle).finish();
}

/// Writes entries one after the other and then the directory.
class ZipWriter {
 public:
  explicit ZipWriter(Output& out) : out_(out) {}

  void add(const std::string& name, Bytes bytes, size_t alignment = 1) {
    constexpr size_t kHeader = 30, kExtraHeader = 4;
    const uint64_t fixed = offset_ + kHeader + name.size() + kExtraHeader;
    const size_t padding = (alignment - fixed % alignment) % alignment;
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    OCTET_CHECK(fixed + padding + bytes.size() < (uint64_t{1} << 32), "save_pth: more than 4 GB; write .safetensors instead");
    std::string common;  // what the local header and the directory share
    put(common, 20, 2);  // version needed
    put(common, 0, 2);   // flags
    put(common, 0, 2);   // stored
    put(common, 0, 2);   // time
    put(common, 33, 2);  // date: 1980-01-01
    put(common, crc, 4);
    put(common, bytes.size(), 4);
    put(common, bytes.size(), 4);
    put(common, name.size(), 2);
    std::string local = "PK\x03\x04" + common;
    put(local, kExtraHeader + padding, 2);
    local += name + "FB";  // torch's own padding field
    put(local, padding, 2);
    local.append(padding, 'Z');
    directory_ += "PK\x01\x02";
    put(directory_, 20, 2);  // made by
    directory_ += common;
    put(directory_, 0, 2);  // no extra field
    put(directory_, 0, 2);  // no comment
    put(directory_, 0, 2);  // disk
    put(directory_, 0, 2);  // attributes
    put(directory_, 0, 4);
    put(directory_, offset_, 4);
    directory_ += name;
    out_.write(local);
    out_.write(bytes);
    offset_ += local.size() + bytes.size();
    ++entries_;
  }
  void add(const std::string& name, std::string_view text) { add(name, std::as_bytes(std::span(text))); }

  void finish() {
    std::string end = "PK\x05\x06";
    put(end, 0, 4);
    put(end, entries_, 2);
    put(end, entries_, 2);
    put(end, directory_.size(), 4);
    put(end, offset_, 4);
    put(end, 0, 2);
    out_.write(directory_);
    out_.write(end);
  }

 private:
  Output& out_;
  uint64_t offset_ = 0, entries_ = 0;
  std::string directory_;
};

}  // namespace

void save_pth(const std::string& path, const StateDict& state) {
  const std::string pickle = data_pkl(state);
  write_atomically(path, [&](Output& out) {
    ZipWriter zip(out);
    zip.add("archive/data.pkl", pickle);
    zip.add("archive/byteorder", "little");
    for (size_t i = 0; i < state.entries().size(); ++i) {
      const Tensor& t = state.entries()[i].tensor;
      zip.add("archive/data/" + std::to_string(i), Bytes(t.bytes(), t.nbytes()), kAlignment);
    }
    zip.add("archive/version", "3\n");
    zip.finish();
  });
}

}  // namespace octet::loaders
