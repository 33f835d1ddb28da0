// What a convolution does with its codes as soon as they are made, while they are in the cache: it adds others, or clamps.
//
//   addition   y = add(y, codes)          a residual block's sum     (ops/int8/add.h)
//   clamp      y = min(max(y, qmin), qmax)                   relu6     (ops/int8/elementwise.h)
// The codes are those that the ops by themselves give.
#pragma once

#include "ops/int8/add.h"

namespace octet::ops::int8 {

struct FollowUp {
  const Addition* addition = nullptr;  // nothing is added, if null
  const uint8_t* codes = nullptr;      // of the convolution's output shape, where that is: the second summand
  CodeRange clamp{0, 255};

  /// To some runs of codes, of which the first begins at y[first].
  void apply_to(uint8_t* y, int64_t first, const cpu::QAddRuns& runs) const {
    if (addition) (*addition)(y + first, codes + first, runs, y + first);
    if (clamp.qmin > 0 || clamp.qmax < 255) clamp_runs(y + first, runs);
  }

  CodesToAdd on_device() const { return {addition ? &addition->rule() : nullptr, codes}; }

 private:
  void clamp_runs(uint8_t* y, const cpu::QAddRuns& runs) const;
};

}  // namespace octet::ops::int8
