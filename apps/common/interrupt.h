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

/// While it lives, SIGINT, SIGTERM and SIGHUP (a terminal that is closed) are only remembered; SIGHUP not where it is ignored
/// already, as nohup has it.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool requested();

 private:
  struct sigaction old_interrupt_ {
  }, old_terminate_{}, old_hangup_{};
};

}  // namespace octet::apps
