// What the fuzz targets share: bytes as a file, and the one way in which a file may be refused.
//
// A target is one page: it does with its bytes what the programs do with a file. An octet::Error is an answer; a crash, a leak, any
// other exception, ten seconds, or two gigabytes are findings, and become tests.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tensor/error.h"
#include "tensor/text.h"

namespace octet::fuzz {

/// Calls read, to which an Error is allowed: one line that nothing could harm a terminal with. (A list of keys may be long; one_line
/// shortens it for the terminal.)
template <class Read>
void allow_errors(Read&& read) {
  try {
    read();
  } catch (const Error& error) {
    constexpr size_t kShown = 3000;
    const std::string message = error.what();
    if (!one_line(message).starts_with(message.substr(0, kShown))) std::abort();
  }
}

/// The bytes as a file in memory, by its path.
class MemoryFile {
 public:
  MemoryFile(const uint8_t* data, size_t size) : fd_(::memfd_create("fuzz", 0)) {
    if (fd_ < 0 || ::write(fd_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace octet::fuzz
