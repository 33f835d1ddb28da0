// A progress bar with images per second and the time left on a terminal; a line every ten seconds elsewhere. On stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace octet::apps {

class Progress {
 public:
  Progress(std::string label, int64_t total, bool quiet);
  /// Clears the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(int64_t images);

 private:
  void draw() const;

  std::string label_;
  int64_t total_, done_ = 0;
  bool quiet_, terminal_;
  std::chrono::steady_clock::time_point start_, drawn_;
};

}  // namespace octet::apps
