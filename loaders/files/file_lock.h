// A lock that one process at a time holds on an output: PATH.lock, locked by flock, which ends with its process however it ends.
#pragma once

#include <string>

namespace octet::loaders {

class FileLock {
 public:
  /// Throws Error when another process holds the lock, or when the file cannot be made.
  explicit FileLock(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  std::string file_;
  int fd_;
};

}  // namespace octet::loaders
