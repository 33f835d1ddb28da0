// Ctrl-C: asks a long job to finish what it is at, to save, and to end. A second one ends the program at once.
#pragma once

#include <csignal>
#include <stdexcept>

namespace octet::apps {

/// Thrown by a job that was interrupted and has saved; the text says what was saved and how to go on. run_app prints it and
/// returns 130.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// While it lives, SIGINT and SIGTERM are only remembered.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool requested();

 private:
  struct sigaction old_interrupt_ {
  }, old_terminate_{};
};

}  // namespace octet::apps
