// Only for the emulated device: what kernels, which are loops there, do to run.
#pragma once

#include <functional>

namespace octet::cuda {

/// Does the work now, or keeps it while a Replay is made.
void submit(std::function<void()> work);

}  // namespace octet::cuda
