#!/usr/bin/env bash
# What ptxas says of the kernels that must keep their sums in registers, for every architecture: none may spill, and none may need
# more registers than let two blocks run side by side. Needs nvcc. Usage: scripts/check_cuda_kernels.sh
set -euo pipefail
cd "$(dirname "$0")/.."
kernel=ops/cuda/int8_conv2d.cu
most_registers=128  # of 65,536 for two blocks of 256 threads
for arch in 75 80 86 89 90; do
  report=$(nvcc -std=c++20 -O3 -I. -fmad=false -arch="sm_$arch" -Xptxas=-v -cubin -o /dev/null "$kernel" 2>&1)
  kernels=$(grep -c 'Used [0-9]* registers' <<<"$report")
  [ "$kernels" -ge 5 ] || { echo "$kernel, sm_$arch: no resource report: $report" >&2; exit 1; }
  if grep -E '[1-9][0-9]* bytes (spill|stack)' <<<"$report" >&2; then
    echo "$kernel, sm_$arch: registers are spilled" >&2
    exit 1
  fi
  registers=$(sed -nE 's/.*Used ([0-9]+) registers.*/\1/p' <<<"$report" | sort -n | tail -1)
  [ "$registers" -le "$most_registers" ] || { echo "$kernel, sm_$arch: $registers registers, at most $most_registers" >&2; exit 1; }
  echo "sm_$arch: $kernels kernels, no spills, at most $registers registers"
done
