#include "ops/int8/follow_up.h"

#include "ops/int8/elementwise.h"

namespace octet::ops::int8 {

void FollowUp::clamp_runs(uint8_t* y, const cpu::QAddRuns& runs) const {
  for (int64_t row = 0; row < runs.rows; ++row, y += runs.stride) clamp_codes(y, runs.n, clamp, y);
}

}  // namespace octet::ops::int8
