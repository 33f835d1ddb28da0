#!/usr/bin/env bash
# The tests of nn and quant with other kernels of OpenBLAS than this machine's own, on one thread and on two: what passes here passes
# on a laptop. Usage: scripts/check_blas.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
export OMP_WAIT_POLICY=passive
kernels=(Haswell Prescott)
if grep -q avx512f /proc/cpuinfo; then kernels+=(SkylakeX); fi
# Those whose floats come from OpenBLAS, or lie beside some that do; the rest has no float product.
tests='*Step*:*Backward*:*Train*:*Runner*:*Optimize*:*Networks*:*Models*:*Linear*:*Conv*'
for kernel in "${kernels[@]}"; do
  for threads in 1 2; do
    echo "OpenBLAS $kernel, threads: $threads"
    for program in nn quant; do
      OPENBLAS_CORETYPE=$kernel OMP_NUM_THREADS=$threads "$build/tests/tests_$program" --gtest_brief=1 --gtest_filter="$tests"
    done
  done
done
