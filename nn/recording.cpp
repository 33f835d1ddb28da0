#include "nn/recording.h"

namespace octet::nn {
namespace {
thread_local Recording* g_active = nullptr;
}

Recording::Recording() {
  OCTET_CHECK(g_active == nullptr, "a recording is already active on this thread");
  g_active = this;
}

Recording::~Recording() { g_active = nullptr; }

Recording* Recording::active() { return g_active; }

}  // namespace octet::nn
