#include "loaders/files/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "loaders/files/bytes.h"
#include "tensor/error.h"

namespace octet::loaders {
namespace {

/// The file may have been removed by its last holder between open and flock: then this lock guards nothing.
bool still_there(int fd, const std::string& file) {
  struct stat ours {
  }, named{};
  return ::fstat(fd, &ours) == 0 && ::lstat(file.c_str(), &named) == 0 && ours.st_ino == named.st_ino;
}

}  // namespace

FileLock::FileLock(const std::string& path) : file_(path + ".lock") {
  for (;;) {
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    OCTET_CHECK(fd_ >= 0, printable(path), ": cannot write: ", printable(file_), ": ",
                std::error_code(errno, std::generic_category()).message());
    const bool locked = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
    if (locked && still_there(fd_, file_)) return;
    ::close(fd_);
    OCTET_CHECK(locked, printable(path), ": another process is at work on it and holds ", printable(file_),
                "; wait for it, or choose another output");
  }
}

FileLock::~FileLock() {
  ::unlink(file_.c_str());
  ::close(fd_);
}

}  // namespace octet::loaders
