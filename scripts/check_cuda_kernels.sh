#!/usr/bin/env bash
# What ptxas says of the kernels that must keep their sums in registers, for every architecture: none may spill, and none may need
# more of a multiprocessor's 65,536 registers than let two blocks run side by side (on sm_75 one: its shared memory has no place for
# two, and dp4a needs more). Needs nvcc. Usage: scripts/check_cuda_kernels.sh
set -euo pipefail
cd "$(dirname "$0")/.."
kernel=ops/cuda/int8_conv2d.cu
for arch in 75 80 86 89 90; do
  report=$(nvcc -std=c++20 -O3 -I. -fmad=false -arch="sm_$arch" -Xptxas=-v -cubin -o /dev/null "$kernel" 2>&1)
  if grep -E '[1-9][0-9]* bytes (spill|stack)' <<<"$report" >&2; then
    echo "$kernel, sm_$arch: registers are spilled" >&2
    exit 1
  fi
  # A tiling's name is its parameters: row warps, column warps, row tiles, column tiles, slices, ... (ops/cuda/int8_tiling.h)
  awk -v arch="$arch" -v blocks=$((arch == 75 ? 1 : 2)) '
    /Compiling entry function/ { tiling = ""; if (match($0, /TilingI(Li[0-9]+E)+/)) tiling = substr($0, RSTART + 9, RLENGTH - 10) }
    /Used [0-9]+ registers/ && tiling != "" {
      split(tiling, n, /ELi/)
      threads = n[1] * n[2] * n[5] * 32
      for (i = 1; i < NF; ++i) if ($i == "Used") registers = $(i + 1)
      most = registers * threads > most ? registers * threads : most
      ++kernels
    }
    END {
      if (kernels < 5) { print "sm_" arch ": no resource report of the tilings" > "/dev/stderr"; exit 1 }
      if (most * blocks > 65536) { print "sm_" arch ": a block has " most " registers, at most " 65536 / blocks > "/dev/stderr"; exit 1 }
      print "sm_" arch ": " kernels " tilings, no spills, at most " most " registers a block"
    }' <<<"$report"
done
