#include "loaders/files/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace octet::loaders {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::error_code(error, std::generic_category()).message(); }

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

void check_kind(const struct stat& info, const std::string& name) {
  OCTET_CHECK(!S_ISDIR(info.st_mode), name, ": is a directory, expected a file");
  OCTET_CHECK(S_ISREG(info.st_mode), name, ": not a regular file");
}

}  // namespace

File::File(const std::string& path) : name_(printable(path)) {
  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  OCTET_CHECK(file.get() >= 0, name_, ": cannot open: ", reason(errno));
  struct stat info {};
  OCTET_CHECK(::fstat(file.get(), &info) == 0, name_, ": cannot stat: ", reason(errno));
  check_kind(info, name_);
  OCTET_CHECK(info.st_size > 0, name_, ": empty file");
  size_ = static_cast<size_t>(info.st_size);
  void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  OCTET_CHECK(mapped != MAP_FAILED, name_, ": cannot map ", size_, " bytes: ", reason(errno));
  data_ = {static_cast<const std::byte*>(mapped),
           [size = size_](const std::byte* p) { ::munmap(const_cast<std::byte*>(p), size); }};
}

void Output::write(Bytes bytes) {
  requested_ += bytes.size();
  while (error_ == 0 && !bytes.empty()) {
    const ssize_t n = calls_.write(fd_, bytes.data(), bytes.size());
    if (n > 0) {
      written_ += static_cast<uint64_t>(n);
      bytes = bytes.subspan(static_cast<size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      error_ = n == 0 ? EIO : errno;  // a write of 0 bytes that is no error would repeat for ever
    }
  }
}

namespace {

/// The file that a chain of symbolic links names; it need not exist.
fs::path follow_links(fs::path path, const std::string& name) {
  std::error_code error;
  for (int hop = 0; fs::is_symlink(fs::symlink_status(path, error)); ++hop) {
    OCTET_CHECK(hop < 40, name, ": cannot write: too many symbolic links");
    const fs::path target = fs::read_symlink(path, error);
    OCTET_CHECK(!error, name, ": cannot write: ", error.message());
    path = path.parent_path() / target;  // an absolute target replaces the parent
  }
  return path;
}

/// Opens, locks and empties the temporary file. The lock keeps a second writer out and is gone with a killed process, so a file
/// that it left is simply used again.
int open_temporary(const fs::path& temporary, const std::string& name) {
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  OCTET_CHECK(fd >= 0, name, ": cannot write: ", printable(temporary.string()), ": ", reason(errno));
  Descriptor guard(fd);
  struct stat ours {
  }, named{};
  OCTET_CHECK(::flock(fd, LOCK_EX | LOCK_NB) == 0, name,
              ": cannot write: ", errno == EWOULDBLOCK ? "another process is writing it" : reason(errno));
  // The process that held the lock before may have renamed the file since it was opened: then it is no longer the temporary one.
  const bool same = ::fstat(fd, &ours) == 0 && ::lstat(temporary.c_str(), &named) == 0 && ours.st_ino == named.st_ino;
  OCTET_CHECK(same, name, ": cannot write: another process has just written it");
  OCTET_CHECK(S_ISREG(ours.st_mode) && ours.st_nlink == 1, name, ": cannot write: ", printable(temporary.string()),
              " is in the way; remove it");
  if (::ftruncate(fd, 0) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail(name, ": cannot write: ", reason(error));
  }
  return guard.release();
}

int sync(int fd, const WriteCalls& calls) {
  int result;
  do result = calls.fsync(fd);
  while (result != 0 && errno == EINTR);
  return result;
}

/// Makes the rename itself durable.
void sync_directory(const fs::path& directory, const std::string& name, const WriteCalls& calls) {
  const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const bool synced = folder.get() >= 0 && (sync(folder.get(), calls) == 0 || errno == EINVAL);  // EINVAL: cannot be synced
  OCTET_CHECK(synced, name, ": written, but its folder could not be synced: ", reason(errno));
}

}  // namespace

fs::path written_file(const std::string& path) { return follow_links(path, printable(path)); }

void write_atomically(const std::string& path, const std::function<void(Output&)>& writer, const WriteCalls& calls) {
  const std::string name = printable(path);
  const fs::path target = follow_links(path, name);
  const fs::path directory = target.has_parent_path() ? target.parent_path() : fs::path(".");
  struct stat old {};
  const bool replaces = ::stat(target.c_str(), &old) == 0;
  if (replaces) check_kind(old, name);
  OCTET_CHECK(!replaces || ::access(target.c_str(), W_OK) == 0, name, ": cannot write: ", reason(errno));
  const fs::path temporary = target.string() + ".partial";

  const Descriptor file(open_temporary(temporary, name));
  try {
    if (replaces) (void)!::fchmod(file.get(), old.st_mode & 07777);
    Output out(file.get(), calls);
    writer(out);
    OCTET_CHECK(out.error() == 0, name, ": cannot write: ", reason(out.error()), " after ", out.written(), " of ",
                out.requested(), " bytes; any old file is unchanged");
    // Closing a duplicate reports what close() would, while the lock is still held and the old file still there.
    const bool saved = sync(file.get(), calls) == 0 && calls.close(::dup(file.get())) == 0 &&
                       calls.rename(temporary.c_str(), target.c_str()) == 0;
    OCTET_CHECK(saved, name, ": cannot write ", out.requested(), " bytes: ", reason(errno), "; any old file is unchanged");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_directory(directory, name, calls);
}

}  // namespace octet::loaders
