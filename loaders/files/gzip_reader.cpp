#include "loaders/files/gzip_reader.h"

#include <algorithm>

#include "tensor/error.h"

namespace octet::loaders {
namespace {

constexpr int kGzipWindow = 15 + 16;                 // zlib: the largest window, and a gzip header
constexpr uint64_t kMostAtOnce = uint64_t{1} << 30;  // zlib counts in 32 bits

bool begins_gzip(Bytes bytes) { return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b}; }

}  // namespace

void GzipReader::Close::operator()(z_stream* stream) const {
  inflateEnd(stream);
  delete stream;
}

GzipReader::GzipReader(Bytes bytes, std::string name, uint64_t limit) : left_(bytes), name_(std::move(name)), limit_(limit) {
  OCTET_CHECK(begins_gzip(bytes), name_, ": not a gzip file, expected a .tar.gz (.tgz) archive");
  auto stream = std::make_unique<z_stream>();
  OCTET_CHECK(inflateInit2(stream.get(), kGzipWindow) == Z_OK, name_, ": cannot start to inflate: out of memory");
  stream_.reset(stream.release());
}

size_t GzipReader::read(std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size() && !ended_) {
    const size_t give = std::min<uint64_t>(left_.size(), kMostAtOnce), take = std::min<uint64_t>(out.size() - done, kMostAtOnce);
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(left_.data()));
    stream_->avail_in = static_cast<uInt>(give);
    stream_->next_out = out.data() + done;
    stream_->avail_out = static_cast<uInt>(take);
    const int status = inflate(stream_.get(), Z_NO_FLUSH);
    left_ = left_.subspan(give - stream_->avail_in);
    done += take - stream_->avail_out;
    total_ += take - stream_->avail_out;
    OCTET_CHECK(total_ <= limit_, name_, ": inflates to more than ", limit_, " bytes; it is not what it should be, replace it");
    OCTET_CHECK(status != Z_BUF_ERROR && !(status == Z_OK && left_.empty() && stream_->avail_out > 0), name_,
                ": cut off: the gzip stream does not end; the download or copy was interrupted, repeat it");
    if (status == Z_STREAM_END)
      begin_next_member();
    else
      OCTET_CHECK(status == Z_OK, name_, ": damaged gzip stream after ", total_,
                  " bytes: ", stream_->msg ? stream_->msg : "zlib cannot go on", "; replace the file");
  }
  return done;
}

void GzipReader::begin_next_member() {
  const auto rest = std::ranges::find_if(left_, [](std::byte b) { return b != std::byte{0}; });
  left_ = left_.subspan(static_cast<size_t>(rest - left_.begin()));
  if (begins_gzip(left_)) {
    inflateReset(stream_.get());
    return;
  }
  junk_ = !left_.empty();
  ended_ = true;
}

}  // namespace octet::loaders
