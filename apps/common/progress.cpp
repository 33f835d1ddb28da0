#include "apps/common/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace octet::apps {
namespace {

constexpr int kWidth = 30;

bool stderr_is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) && !(term && std::string_view(term) == "dumb");
}

}  // namespace

Progress::Progress(std::string label, int64_t total, bool quiet, int64_t done)
    : label_(std::move(label)), total_(total), before_(done), done_(done), quiet_(quiet), terminal_(stderr_is_terminal()) {}

Progress::~Progress() {
  if (!quiet_ && terminal_) std::fprintf(stderr, "\r\033[K");
}

void Progress::add(int64_t images, const std::string& note) {
  done_ += images;
  if (quiet_ || since_drawn_.seconds() < (terminal_ ? 0.1 : 10.0)) return;
  since_drawn_.restart();
  draw(note);
}

void Progress::draw(const std::string& note) const {
  const double rate = static_cast<double>(done_ - before_) / std::max(1e-9, since_start_.seconds());
  const int left = static_cast<int>(static_cast<double>(total_ - done_) / std::max(1e-9, rate));
  const int filled = static_cast<int>(std::min<int64_t>(kWidth, done_ * kWidth / std::max<int64_t>(1, total_)));
  const std::string bar = std::string(static_cast<size_t>(filled), '#') + std::string(static_cast<size_t>(kWidth - filled), '.');
  std::fprintf(stderr, "%s%s [%s] %lld/%lld  %.1f images/s  %d:%02d left%s%s%s", terminal_ ? "\r\033[K" : "", label_.c_str(),
               bar.c_str(), static_cast<long long>(done_), static_cast<long long>(total_), rate, left / 60, left % 60,
               note.empty() ? "" : "  ", note.c_str(), terminal_ ? "" : "\n");
}

}  // namespace octet::apps
