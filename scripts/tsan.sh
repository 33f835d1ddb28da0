#!/usr/bin/env bash
# The tests of ops and quant under ThreadSanitizer, with clang. It knows OpenMP's barriers only by a runtime that tells of them: LLVM's
# libomp with the tool archer (package libomp-dev has both). Without archer every parallel loop would be reported.
# OpenBLAS is not instrumented, so what happens inside of it is not seen.
# Usage: tsan.sh [LABEL...]; ops and quant. What is found is printed, and the exit code is 1.
set -euo pipefail
cd "$(dirname "$0")/.."
labels=("$@")
[ $# -gt 0 ] || labels=(ops quant)
archer=$(find /usr/lib/llvm-*/lib /usr/lib/x86_64-linux-gnu -name libarcher.so 2>/dev/null | sort -V | tail -1)
[ -n "$archer" ] || { echo "error: no libarcher.so; install libomp-dev" >&2; exit 1; }
build=build-tsan
cmake -S . -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" -DOCTET_CUDA=OFF -DOCTET_SANITIZE=thread >/dev/null
ninja -C "$build" --quiet "${labels[@]/#/tests_}"
export OMP_TOOL_LIBRARIES=$archer OMP_NUM_THREADS=4 OPENBLAS_NUM_THREADS=1
export TSAN_OPTIONS="ignore_noninstrumented_modules=1 halt_on_error=0 second_deadlock_stack=1 exitcode=66"
code=0
for label in "${labels[@]}"; do
  echo "== $label"
  "$build/tests/tests_$label" --gtest_brief=1 >"$build/$label.log" 2>&1 || code=$?
  grep -A12 'WARNING: ThreadSanitizer' "$build/$label.log" | head -60 || true
  tail -3 "$build/$label.log"
done
[ $code -eq 0 ] || { echo "error: see $build/*.log" >&2; exit 1; }
