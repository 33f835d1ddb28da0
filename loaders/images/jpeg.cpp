#include "loaders/images/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it

#include <jpeglib.h>
//
#include <jerror.h>

#include "loaders/files/bytes.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

// A scan of a few bytes can stand for millions of blocks, so scans are counted; encoders write about ten.
constexpr int kMaxScans = 100;
constexpr int kRowsAtOnce = 16;

bool changes_no_pixel(int warning) {
  return warning == JWRN_EXTRANEOUS_DATA || warning == JWRN_JFIF_MAJOR || warning == JWRN_ADOBE_XFORM;
}

/// Of a frame header that libjpeg does not know: SOF3, 5, 6, 7, 11 and on.
const char* kind_of_frame(int marker) {
  switch (marker) {
    case 0xc3:
    case 0xcb:
      return "lossless";
    case 0xc5:
    case 0xc6:
    case 0xc7:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return "hierarchical";
    default:
      return "arithmetic-coded";
  }
}

/// a * b / 255, rounded as Pillow's MULDIV255.
int product255(int a, int b) {
  const int t = a * b + 128;
  return ((t >> 8) + t) >> 8;
}

/// One row of inverted inks, in place: four samples become three.
void cmyk_to_rgb(uint8_t* row, int width) {
  for (int x = 0; x < width; ++x) {
    const int light = row[4 * x + 3];  // 255 - black
    for (int c = 0; c < 3; ++c)
      row[3 * x + c] = static_cast<uint8_t>(std::max(0, light - product255(255 - row[4 * x + c], light)));
  }
}

/// libjpeg's decoder. Its errors jump back into run(), which throws; what run() calls must hold nothing that needs a destructor.
class Decoder {
 public:
  Decoder(std::span<const uint8_t> bytes, const std::string& name) : bytes_(bytes), name_(name) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { of(info).jump(); };
    errors_.emit_message = [](j_common_ptr info, int level) {
      if (level < 0 && !changes_no_pixel(info->err->msg_code)) of(info).jump();
    };
    info_.client_data = this;
    progress_.progress_monitor = [](j_common_ptr info) {
      Decoder& self = of(info);
      if (self.info_.input_scan_number > kMaxScans) self.too_many_scans();
    };
  }
  ~Decoder() { jpeg_destroy_decompress(&info_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Image decode() {
    run([](Decoder& d) {
      jpeg_create_decompress(&d.info_);
      d.info_.progress = &d.progress_;
      jpeg_mem_src(&d.info_, d.bytes_.data(), d.bytes_.size());
      jpeg_read_header(&d.info_, TRUE);
    });
    check_header();
    cmyk_ = info_.num_components == 4;
    info_.out_color_space = cmyk_ ? JCS_CMYK : JCS_RGB;
    run([](Decoder& d) { jpeg_start_decompress(&d.info_); });  // of a progressive file, reads all scans
    check_whole();
    Image image = read_rows();
    run([](Decoder& d) { jpeg_finish_decompress(&d.info_); });
    return image;
  }

 private:
  static Decoder& of(j_common_ptr info) { return *static_cast<Decoder*>(info->client_data); }

  template <class Call>
  void run(Call call) {
    if (setjmp(back_) != 0) refuse();
    call(*this);
  }
  [[noreturn]] void jump() { std::longjmp(back_, 1); }
  [[noreturn]] void too_many_scans() {
    errors_.msg_code = JMSG_NOMESSAGE;
    jump();
  }

  [[noreturn]] void refuse() {
    const int code = errors_.msg_code, parameter = errors_.msg_parm.i[0];
    if (code == JERR_SOF_UNSUPPORTED) unsupported(kind_of_frame(parameter));
    if (code == JERR_ARITH_NOTIMPL) unsupported("arithmetic-coded");
    if (code == JERR_BAD_PRECISION) unsupported(str(parameter, "-bit"));
    if (code == JERR_FRACT_SAMPLE_NOTIMPL) unsupported("fractionally subsampled");
    if (code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
    fail(name_, ": damaged JPEG: ", problem(code, parameter), " (before byte ", bytes_.size() - left(), "); replace the file");
  }
  [[noreturn]] void unsupported(const std::string& kind) const {
    fail(name_, ": ", kind, " JPEG is not supported, expected 8-bit baseline or progressive; convert it");
  }

  /// libjpeg's message, except where ours says more.
  std::string problem(int code, int parameter) {
    switch (code) {
      case JMSG_NOMESSAGE:
        return str("more than ", kMaxScans, " scans");
      case JWRN_JPEG_EOF:
        return "cut off: no end marker (EOI)";
      case JWRN_HIT_MARKER:
        return "the scan's data ends early";
      case JERR_NO_QUANT_TABLE:
        return str("quantization table ", parameter, " is missing (DQT)");
      case JERR_NO_HUFF_TABLE:
        return str("Huffman table ", parameter, " is missing (DHT)");
      default:
        char message[JMSG_LENGTH_MAX];
        errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), message);
        return printable(message);
    }
  }
  size_t left() const { return info_.src ? info_.src->bytes_in_buffer : bytes_.size(); }

  void check_header() const {
    check_image_size(info_.image_width, info_.image_height, name_);
    if (info_.data_precision != 8) unsupported(str(info_.data_precision, "-bit"));
    const int n = info_.num_components;
    OCTET_CHECK(n == 1 || n == 3 || n == 4, name_, ": damaged JPEG: ", n, " components, expected 1, 3 or 4; replace the file");
  }

  /// Without the last scans, libjpeg smooths the blocks, and its versions differ in how: 3.0 and newer do it otherwise at edges.
  void check_whole() const {
    constexpr int kSmoothed = 10;  // coefficients that libjpeg looks at, in zigzag order (jdcoefct.c, SAVED_COEFS)
    if (info_.coef_bits == nullptr) return;
    for (int c = 0; c < info_.num_components; ++c)
      OCTET_CHECK(std::all_of(info_.coef_bits[c], info_.coef_bits[c] + kSmoothed, [](int missing) { return missing == 0; }),
                  name_, ": damaged JPEG: a progressive image without its last scans; replace the file");
  }

  /// Rows grow as they arrive: a header may claim a size that its file cannot hold.
  Image read_rows() {
    const size_t width = info_.output_width, height = info_.output_height;
    Image image{static_cast<int>(width), static_cast<int>(height), {}};
    image.rgb.reserve(width * height * 3);
    std::vector<uint8_t> rows(width * kRowsAtOnce * static_cast<size_t>(info_.output_components));
    while (info_.output_scanline < info_.output_height) {
      rows_ = rows.data();
      run([](Decoder& d) { d.read_some(); });
      for (int i = 0; i < read_; ++i) {
        uint8_t* row = row_at(i);
        if (cmyk_) cmyk_to_rgb(row, image.width);
        image.rgb.insert(image.rgb.end(), row, row + width * 3);
      }
    }
    return image;
  }
  void read_some() {
    JSAMPROW pointers[kRowsAtOnce];
    for (int i = 0; i < kRowsAtOnce; ++i) pointers[i] = row_at(i);
    for (read_ = 0; read_ < kRowsAtOnce && info_.output_scanline < info_.output_height;)
      read_ += static_cast<int>(jpeg_read_scanlines(&info_, pointers + read_, static_cast<JDIMENSION>(kRowsAtOnce - read_)));
  }
  uint8_t* row_at(int i) const {
    return rows_ + static_cast<size_t>(i) * info_.output_width * static_cast<size_t>(info_.output_components);
  }

  std::span<const uint8_t> bytes_;
  const std::string& name_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf back_{};
  uint8_t* rows_ = nullptr;
  int read_ = 0;
  bool cmyk_ = false;
};

}  // namespace

Image decode_jpeg(std::span<const uint8_t> bytes, const std::string& name) { return Decoder(bytes, name).decode(); }

}  // namespace octet::loaders
