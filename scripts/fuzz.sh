#!/usr/bin/env bash
# Fuzzes a reader under AddressSanitizer and UndefinedBehaviorSanitizer: builds tests/fuzz/TARGET.cpp with clang's libFuzzer, makes its
# seeds and runs it for so many seconds. What it finds lies in the build folder as crash-*, leak-*, timeout-* or oom-*, and is run alone by
#   build-asan-ubsan/tests/fuzz/fuzz_TARGET FILE
# The corpus grows in build-asan-ubsan/corpus/TARGET from run to run. Usage: fuzz.sh TARGET|all SECONDS
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 2 ] || { echo "usage: fuzz.sh TARGET|all SECONDS" >&2; exit 2; }
target=$1 seconds=$2 build=build-asan-ubsan
seed=0  # of the clock
if [ "$target" = all ]; then
  seed=1  # the same inputs each time, so that a check that passes passes again
  targets=(tests/fuzz/*.cpp)
  targets=("${targets[@]##*/}")
  targets=("${targets[@]%.cpp}")
else
  targets=("$target")
fi
for name in "${targets[@]}"; do
  [ -f "tests/fuzz/$name.cpp" ] || { echo "error: no target '$name'; there are $(cd tests/fuzz && echo *.cpp | sed 's/\.cpp//g')" >&2; exit 2; }
done
cmake --preset asan-ubsan >/dev/null
ninja -C "$build" --quiet "${targets[@]/#/fuzz_}"
python3 tests/fuzz/make_seeds.py "$build/seeds"
# One thread: runs must repeat. Of rings of memory the sanitizers see every use only where nothing is kept.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1
for name in "${targets[@]}"; do
  corpus=$build/corpus/$name
  mkdir -p "$corpus" "$build/seeds/$name"
  echo "== $name"
  "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -seed="$seed" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -dict="tests/fuzz/dictionaries/$name.dict" -artifact_prefix="$build/" "$corpus" "$build/seeds/$name" >"$build/$name.log" 2>&1 ||
    { tail -40 "$build/$name.log" >&2; echo "error: fuzz_$name found something: see $build/$name.log" >&2; exit 1; }
  grep -E 'cov: [0-9]+' "$build/$name.log" | tail -1 | sed -E 's/.*(cov: [0-9]+ ft: [0-9]+).*/\1/'
  grep -E 'number_of_executed_units|peak_rss' "$build/$name.log" | sed 's/stat:://'
done
