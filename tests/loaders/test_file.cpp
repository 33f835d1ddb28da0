// File and write_atomically: every way in which reading or writing can fail, and that the old file survives it.
#include "loaders/files/file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "builders.h"

namespace octet::loaders {
namespace {

using build::get;
using build::put;
using test::fails_with;
namespace fs = std::filesystem;

/// Root may read and write everything: such a test goes on as another user.
class Unprivileged {
 public:
  Unprivileged() : root_(::geteuid() == 0 && ::seteuid(65534) == 0) {}
  ~Unprivileged() {
    if (root_) (void)!::seteuid(0);
  }

 private:
  bool root_;
};

// ---- reading

TEST(File, MapsBytes) {
  const TemporaryFolder folder;
  put(folder / "a", "hello");
  EXPECT_EQ(as_text(File(folder / "a").bytes()), "hello");
}

TEST(File, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  put(folder / "empty", "");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(fails_with([&] { File(folder / "missing"); }, {"missing", "No such file"}));
  EXPECT_TRUE(fails_with([&] { File(folder.string()); }, {folder.string(), "is a directory"}));
  EXPECT_TRUE(fails_with([&] { File(folder / "empty"); }, {"empty: empty file"}));
  EXPECT_TRUE(fails_with([&] { File(folder / "pipe"); }, {"pipe", "not a regular file"}));
  EXPECT_TRUE(fails_with([] { File("/dev/null"); }, {"/dev/null", "not a regular file"}));
}

TEST(File, PathWithNewlineStaysOneLine) {
  EXPECT_TRUE(fails_with([] { File("/missing\nfile"); }, {"/missing\\x0afile"}));
}

TEST(File, UnreadableNamesTheReason) {
  const Unprivileged user;
  const TemporaryFolder folder;
  put(folder / "a", "hello");
  fs::permissions(folder / "a", fs::perms::none);
  EXPECT_TRUE(fails_with([&] { File(folder / "a"); }, {"Permission denied"}));
}

// ---- writing

void write(const std::string& path, const std::string& bytes, const WriteCalls& calls = {}) {
  write_atomically(
      path, [&](Output& out) { out.write(bytes); }, calls);
}

/// A folder with the file "a" that holds "old", and checks of what a failure must leave.
struct Target {
  TemporaryFolder folder;
  std::string path = folder / "a";

  Target() { put(path, "old"); }
  bool untouched() const { return get(path) == "old" && files() == 1; }
  int64_t files() const { return std::distance(fs::directory_iterator(folder.string()), fs::directory_iterator()); }
};

TEST(WriteAtomically, CreatesAndReplaces) {
  Target t;
  write(t.path, "new");
  write(t.folder / "b", "other");
  EXPECT_EQ(get(t.path), "new");
  EXPECT_EQ(get(t.folder / "b"), "other");
  EXPECT_EQ(t.files(), 2);
}

TEST(WriteAtomically, KeepsThePermissions) {
  Target t;
  fs::permissions(t.path, fs::perms::owner_read | fs::perms::owner_write);
  write(t.path, "new");
  EXPECT_EQ(fs::status(t.path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(WriteAtomically, FollowsSymbolicLinks) {
  Target t;
  fs::create_symlink("a", t.folder / "link");
  fs::create_symlink("c", t.folder / "dangling");
  write(t.folder / "link", "new");
  write(t.folder / "dangling", "newer");
  EXPECT_EQ(get(t.path), "new");
  EXPECT_EQ(get(t.folder / "c"), "newer");
  EXPECT_TRUE(fs::is_symlink(t.folder / "link"));
  fs::create_symlink("circle", t.folder / "circle");
  EXPECT_TRUE(fails_with([&] { write(t.folder / "circle", "x"); }, {"circle", "symbolic links"}));
}

TEST(WriteAtomically, RefusesTargetsThatAreNoFile) {
  Target t;
  EXPECT_TRUE(fails_with([&] { write(t.folder / "none/a", "x"); }, {"none/a", "No such file"}));
  EXPECT_TRUE(fails_with([&] { write(t.path + "/b", "x"); }, {"a/b", "Not a directory"}));
  EXPECT_TRUE(fails_with([&] { write(t.folder.string(), "x"); }, {"is a directory"}));
  EXPECT_TRUE(fails_with([] { write("/dev/null", "x"); }, {"/dev/null", "not a regular file"}));
  EXPECT_TRUE(fails_with([] { write("/dev/full", "x"); }, {"/dev/full", "not a regular file"}));
  EXPECT_TRUE(t.untouched());
}

TEST(WriteAtomically, ReadOnlyFolder) {
  const Unprivileged user;
  Target t;
  fs::permissions(t.folder.string(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_TRUE(fails_with([&] { write(t.path, "x"); }, {"a", "Permission denied"}));
  fs::permissions(t.folder.string(), fs::perms::owner_all);
  EXPECT_TRUE(t.untouched());
}

TEST(WriteAtomically, ShortAndInterruptedWrites) {
  Target t;
  write(t.path, "a longer text",
        {.write = [](int fd, const void* data, size_t size) -> ssize_t {
           static int calls = 0;
           if (++calls % 2 == 0) return ::write(fd, data, std::min<size_t>(size, 3));
           errno = EINTR;
           return -1;
         },
         .fsync =
             [](int fd) {
               static int calls = 0;
               errno = EINTR;
               return ++calls == 1 ? -1 : ::fsync(fd);
             }});
  EXPECT_EQ(get(t.path), "a longer text");
}

TEST(WriteAtomically, FullDiskNamesTheBytesNeeded) {
  Target t;
  const auto full = [](int fd, const void* data, size_t size) -> ssize_t {
    static size_t left = 10;
    errno = ENOSPC;
    const ssize_t written = left ? ::write(fd, data, std::min(size, left)) : -1;
    left -= written > 0 ? static_cast<size_t>(written) : 0;
    return written;
  };
  const auto twice = [&] {
    write_atomically(t.path,
                     [](Output& out) {
                       out.write(std::string(40, 'x'));
                       out.write(std::string(60, 'y'));  // not tried any more, but counted
                     },
                     {.write = full});
  };
  EXPECT_TRUE(fails_with(twice, {t.path, "No space left", "10 of 100 bytes"}));
  EXPECT_TRUE(t.untouched());
}

TEST(WriteAtomically, FileSizeLimit) {
  Target t;
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{1000, old.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto result =
      fails_with([&] { write(t.path, std::string(3000, 'x')); }, {t.path, "File too large", "1000 of 3000 bytes"});
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(result);
  EXPECT_TRUE(t.untouched());
}

int fails(int) {
  errno = EIO;
  return -1;
}

TEST(WriteAtomically, FailuresAfterTheLastByte) {
  Target t;
  EXPECT_TRUE(fails_with([&] { write(t.path, "x", {.fsync = fails}); }, {t.path, "Input/output error"}));
  const auto close_fails = [](int fd) {
    ::close(fd);
    return fails(fd);
  };
  EXPECT_TRUE(fails_with([&] { write(t.path, "x", {.close = close_fails}); }, {t.path, "Input/output error"}));
  const auto rename_fails = [](const char*, const char*) { return fails(0); };
  EXPECT_TRUE(fails_with([&] { write(t.path, "x", {.rename = rename_fails}); }, {t.path, "Input/output error"}));
  const auto writes_nothing = [](int, const void*, size_t) -> ssize_t { return 0; };
  EXPECT_TRUE(fails_with([&] { write(t.path, "x", {.write = writes_nothing}); }, {t.path, "0 of 1 bytes"}));
  EXPECT_TRUE(t.untouched());
}

TEST(WriteAtomically, ExceptionOfTheWriter) {
  Target t;
  const auto throws = [](Output& out) {
    out.write(std::string("half"));
    fail("the writer's own error");
  };
  EXPECT_TRUE(fails_with([&] { write_atomically(t.path, throws); }, {"the writer's own error"}));
  EXPECT_TRUE(t.untouched());
}

TEST(WriteAtomically, KilledHalfWay) {
  Target t;
  const pid_t child = ::fork();
  if (child == 0) {
    write_atomically(t.path, [](Output& out) {
      out.write(std::string(100, 'x'));
      ::raise(SIGKILL);
    });
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(get(t.path), "old");
  write(t.path, "new");  // takes the child's temporary file over
  EXPECT_EQ(get(t.path), "new");
  EXPECT_EQ(t.files(), 1);
}

TEST(WriteAtomically, SecondWriterIsRefused) {
  Target t;
  const auto nested = [&](Output& out) {
    EXPECT_TRUE(fails_with([&] { write(t.path, "second"); }, {t.path, "another process is writing it"}));
    out.write(std::string("first"));
  };
  write_atomically(t.path, nested);
  EXPECT_EQ(get(t.path), "first");
  EXPECT_EQ(t.files(), 1);
}

TEST(WriteAtomically, SomethingElseInTheWay) {
  Target t;
  put(t.folder / "victim", "precious");
  fs::create_hard_link(t.folder / "victim", t.path + ".partial");
  EXPECT_TRUE(fails_with([&] { write(t.path, "x"); }, {"a.partial", "in the way"}));
  fs::remove(t.path + ".partial");
  fs::create_symlink("victim", t.path + ".partial");
  EXPECT_TRUE(fails_with([&] { write(t.path, "x"); }, {"a.partial"}));
  EXPECT_EQ(get(t.folder / "victim"), "precious");
  EXPECT_EQ(get(t.path), "old");
}

// ---- text of files in messages

TEST(Printable, EscapesWhatIsNoText) {
  EXPECT_EQ(printable("caf\xc3\xa9 \n\x01\xff\xc0\xaf"), "caf\xc3\xa9 \\x0a\\x01\\xff\\xc0\\xaf");
  EXPECT_EQ(quoted(std::string("it's")), "'it\\x27s'");
  EXPECT_LT(printable(std::string(10000, 'x')).size(), 300u);
}

TEST(Utf8, RefusesOverlongSurrogatesAndCuts) {
  for (const char* good : {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xff"})
    EXPECT_FALSE(is_utf8(bad)) << printable(bad);
}

}  // namespace
}  // namespace octet::loaders
