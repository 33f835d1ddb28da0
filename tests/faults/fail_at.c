// LD_PRELOAD: the calls by which a program changes a disk are counted, and one of them fails. (scripts/fault_test.sh)
//
//   FAIL_AT=N      the Nth call fails; if it is a write, every later write, too: the disk is full. 0: none
//   FAIL_ERRNO=E   with this errno
//   FAIL_COUNT=F   at its end the program writes the number of calls into this file
// Counted are write, fsync, rename, ftruncate, mkdir, opening to write, and closing; not what goes to the terminal.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static long calls = 0, fail_at = -1;
static int disk_is_full = 0;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/// Counts a call. True where it must fail.
static int fails(void) {
  if (fail_at < 0) fail_at = getenv("FAIL_AT") ? atol(getenv("FAIL_AT")) : 0;
  if (++calls != fail_at) return 0;
  errno = atoi(getenv("FAIL_ERRNO"));
  return 1;
}

ssize_t write(int fd, const void* data, size_t size) {
  if (fd > 2) {
    if (disk_is_full || fails()) {
      disk_is_full = 1;
      errno = atoi(getenv("FAIL_ERRNO"));
      return -1;
    }
  }
  return REAL(write)(fd, data, size);
}

int fsync(int fd) { return fails() ? -1 : REAL(fsync)(fd); }
int rename(const char* from, const char* to) { return fails() ? -1 : REAL(rename)(from, to); }
int ftruncate(int fd, off_t size) { return fails() ? -1 : REAL(ftruncate)(fd, size); }
int mkdir(const char* path, mode_t mode) { return fails() ? -1 : REAL(mkdir)(path, mode); }

int close(int fd) {
  const int failed = fd > 2 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY && fails();
  const int error = errno, result = REAL(close)(fd);
  errno = error;
  return failed ? -1 : result;
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  if ((flags & O_ACCMODE) != O_RDONLY && fails()) return -1;
  return REAL(open)(path, flags, mode);
}

__attribute__((destructor)) static void report(void) {
  const char* path = getenv("FAIL_COUNT");
  if (!path) return;
  FILE* file = fopen(path, "w");
  if (!file) return;
  fprintf(file, "%ld\n", calls);
  fclose(file);
}
