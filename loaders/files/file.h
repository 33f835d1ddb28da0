// Files, read and written so that nothing is half done.
//
// Reading maps the whole file. It does not guard against another process cutting the file while it is mapped.
// Writing goes to PATH.partial, which is synced and renamed over PATH: a reader of PATH sees the old file or the new one, also
// after a crash. torch.save writes in place, so a full disk destroys the previous checkpoint.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "loaders/files/bytes.h"

namespace octet::loaders {

/// A read-only, memory-mapped regular file that is not empty. Throws Error with the path and the system's reason.
class File {
 public:
  explicit File(const std::string& path);

  Bytes bytes() const { return {data_.get(), size_}; }
  /// The path, fit for messages.
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::shared_ptr<const std::byte> data_;
  size_t size_ = 0;
};

/// The system calls of write_atomically; tests replace them to inject failures.
struct WriteCalls {
  ssize_t (*write)(int, const void*, size_t) = ::write;
  int (*fsync)(int) = ::fsync;
  int (*close)(int) = ::close;
  int (*rename)(const char*, const char*) = std::rename;
};

/// Where a writer puts its bytes. After a failed write it only counts, so that the error can say how many bytes are needed.
class Output {
 public:
  Output(int fd, const WriteCalls& calls) : fd_(fd), calls_(calls) {}

  void write(Bytes bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  uint64_t requested() const { return requested_; }
  uint64_t written() const { return written_; }
  /// errno of the first failed write, or 0.
  int error() const { return error_; }

 private:
  int fd_;
  const WriteCalls& calls_;
  uint64_t requested_ = 0, written_ = 0;
  int error_ = 0;
};

/// The file that write_atomically would replace or make: at the end of a chain of symbolic links, it need not exist. Throws Error for
/// a chain that does not end.
std::filesystem::path written_file(const std::string& path);

/// Replaces the file at `path` (or the file that a symbolic link there names) by what `writer` writes. When anything fails,
/// including an exception from the writer, the old file is untouched and the temporary file is gone. A temporary file that a
/// killed process left is taken over; one that a living process is writing is an error.
void write_atomically(const std::string& path, const std::function<void(Output&)>& writer, const WriteCalls& calls = {});

}  // namespace octet::loaders
