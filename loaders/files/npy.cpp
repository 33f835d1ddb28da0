#include "loaders/files/npy.h"

#include <algorithm>
#include <charconv>

#include "loaders/files/file.h"
#include "loaders/files/limits.h"
#include "loaders/files/strided.h"
#include "loaders/files/zip.h"
#include "loaders/files/zip_writer.h"

namespace octet::loaders {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct TypeName {
  std::string_view name;  // without the byte order
  DType type;
};
constexpr TypeName kTypes[] = {{"f4", DType::f32}, {"f8", DType::f64}, {"f2", DType::f16},
                               {"i8", DType::i64}, {"i4", DType::i32}, {"i2", DType::i16},
                               {"i1", DType::i8},  {"u1", DType::u8},  {"b1", DType::boolean}};

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

/// Reads the header: a Python dict of one string, one bool and one tuple of integers, and nothing else.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Header parse() {
    Header header;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !descr)
        header.descr = string(), descr = true;
      else if (key == "fortran_order" && !order)
        header.fortran_order = boolean(), order = true;
      else if (key == "shape" && !shape)
        header.shape = tuple(), shape = true;
      else
        bad("unexpected or repeated key " + quoted(key));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) bad("text behind the dict");
    if (!descr || !order || !shape) bad("expected descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void bad(const std::string& what) const { fail(where_, ": header: ", what, " at ", at_, ": ", quoted(text_)); }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad(std::string("expected '") + c + "'");
  }
  std::string string() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    const size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos)
      bad("expected a string (arrays of Python objects and structured arrays are not supported)");
    const std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    bad("expected True or False");
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) bad("expected a size from 0");
      at_ = static_cast<size_t>(end - text_.data());
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2's long, in numpy's oldest files
      shape.push_back(size);
      if (shape.size() > kMaxRank) bad("too many dimensions");
      if (accept(',')) continue;
      if (shape.size() == 1) bad("expected ','");  // (3) is a number in Python
      expect(')');
      break;
    }
    return shape;
  }

  std::string_view text_;
  const std::string& where_;
  size_t at_ = 0;
};

StridedView view_of(const Header& header, const std::string& where) {
  const std::string_view descr = header.descr;
  const char order = descr.empty() ? '\0' : descr[0];
  const auto type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                 [&](const TypeName& t) { return !descr.empty() && descr.substr(1) == t.name; });
  const bool known = type != std::end(kTypes) && (order == '<' || order == '>' || (order == '|' && size_of(type->type) == 1));
  OCTET_CHECK(known, where, ": unsupported type ", quoted(header.descr),
              "; supported are float16, float32, float64, int8 to int64, uint8 and bool");
  StridedView view{
      .shape = header.shape, .strides = row_major(header.shape), .offset = 0, .dtype = type->type, .big_endian = order == '>'};
  if (header.fortran_order) {
    Shape reversed(header.shape.rbegin(), header.shape.rend());
    view.strides = row_major(reversed);
    std::reverse(view.strides.begin(), view.strides.end());
  }
  return view;
}

}  // namespace

Tensor read_npy(Bytes bytes, const std::string& where) {
  Cursor cursor(bytes, where);
  OCTET_CHECK(as_text(bytes).starts_with(kMagic), where, ": not a .npy file: it does not begin with \\x93NUMPY");
  cursor.take(kMagic.size(), "magic");
  const auto version = cursor.take(2, "version");
  const int major = static_cast<int>(version[0]);
  OCTET_CHECK(major >= 1 && major <= 3 && version[1] == std::byte{0}, where, ": version ", major, ".",
              static_cast<int>(version[1]), " is not supported: expected 1.0, 2.0 or 3.0");
  const uint64_t header_size = major == 1 ? load_le<uint16_t>(cursor.take(2, "header length").data())
                                          : load_le<uint32_t>(cursor.take(4, "header length").data());
  OCTET_CHECK(header_size <= kMaxNpyHeader, where, ": a header of ", header_size, " bytes, at most ", kMaxNpyHeader);
  const StridedView view = view_of(HeaderParser(as_text(cursor.take(header_size, "header")), where).parse(), where);
  const Bytes data = bytes.subspan(cursor.offset());
  check_view(view, UINT64_MAX, where);  // the shape alone; the size of the data is checked next
  const uint64_t expected = static_cast<uint64_t>(numel(view.shape)) * size_of(view.dtype);
  OCTET_CHECK(data.size() == expected, where, ": ", view.dtype, " ", view.shape, " takes ", expected, " bytes, the file has ",
              data.size());
  return copy_contiguous(view, data);
}

Tensor load_npy(const std::string& path) {
  const File file(path);
  return read_npy(file.bytes(), file.name());
}

std::map<std::string, Tensor> load_npz(const std::string& path) {
  const File file(path);
  const Zip zip(file.bytes(), file.name());
  constexpr std::string_view kSuffix = ".npy";
  std::map<std::string, Tensor> arrays;
  for (const ZipEntry& entry : zip.entries()) {
    OCTET_CHECK(entry.name.ends_with(kSuffix), file.name(), ": member ", quoted(entry.name), " is not a .npy file");
    arrays[entry.name.substr(0, entry.name.size() - kSuffix.size())] =
        read_npy(zip.read(entry).bytes, file.name() + ": " + printable(entry.name));
  }
  return arrays;
}

namespace {

/// The bytes before the elements.
std::string header_of(const Tensor& tensor, const std::string& where) {
  OCTET_CHECK(tensor.defined(), where, ": an undefined tensor cannot be saved");
  DType dtype = tensor.dtype();
  if (dtype == DType::quint8) dtype = DType::u8;
  if (dtype == DType::qint8) dtype = DType::i8;
  if (dtype == DType::qint32) dtype = DType::i32;
  const auto type = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return t.type == dtype; });
  OCTET_CHECK(type != std::end(kTypes), where, ": NumPy has no ", dtype);
  std::string shape;
  for (int64_t size : tensor.shape()) shape += std::to_string(size) + (tensor.dim() == 1 ? "," : ", ");
  if (tensor.dim() > 1) shape.resize(shape.size() - 2);
  std::string header =
      str("{'descr': '", size_of(dtype) == 1 ? '|' : '<', type->name, "', 'fortran_order': False, 'shape': (", shape, "), }");
  constexpr size_t kFixed = 10, kAlignment = 64;  // the data begins at a multiple of 64
  header.resize((kFixed + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment - kFixed - 1, ' ');
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  const char rest[] = {1, 0, static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  return std::string(kMagic) + std::string(rest, sizeof rest) + header;
}

}  // namespace

void save_npy(const std::string& path, const Tensor& tensor) {
  const std::string header = header_of(tensor, printable(path));
  write_atomically(path, [&](Output& out) {
    out.write(header);
    out.write({tensor.bytes(), tensor.nbytes()});
  });
}

void save_npz(const std::string& path, const std::vector<NamedArray>& arrays) {
  write_atomically(path, [&](Output& out) {
    ZipWriter zip(out);
    for (const auto& [name, tensor] : arrays) {
      const std::string header = header_of(tensor, printable(path));
      zip.add(name + ".npy", header + std::string(reinterpret_cast<const char*>(tensor.bytes()), tensor.nbytes()));
    }
    zip.finish();
  });
}

}  // namespace octet::loaders
