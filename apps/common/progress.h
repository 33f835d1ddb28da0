// A progress bar with images per second and the time left on a terminal; a line every ten seconds elsewhere. On stderr.
#pragma once

#include <cstdint>
#include <string>

#include "apps/common/stopwatch.h"

namespace octet::apps {

class Progress {
 public:
  /// done: of the total, before this program began.
  Progress(std::string label, int64_t total, bool quiet, int64_t done = 0);
  /// Clears the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// note: what to show behind the time left, such as a loss.
  void add(int64_t images, const std::string& note = "");

 private:
  void draw(const std::string& note) const;

  std::string label_;
  int64_t total_, before_, done_;
  bool quiet_, terminal_;
  Stopwatch since_start_, since_drawn_;
};

}  // namespace octet::apps
