#!/usr/bin/env bash
# clang-tidy with the checks of .clang-tidy, over all sources of the libraries and programs or those that are named. It takes some
# seconds of a core for each, so .ci/run leaves it out. Usage: scripts/check_tidy.sh [FILE.cpp ...]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/packages.sh clang clang-tidy libomp-dev
cmake -S . -B build-tidy -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DOCTET_CUDA=OFF \
  -DOCTET_BUILD_TESTS=OFF >/dev/null
if [ $# -eq 0 ]; then
  mapfile -t files < <(git ls-files '*.cpp' ':!tests' ':!bench' ':!examples' | while read -r file; do
    if grep -qF "/$file\"" build-tidy/compile_commands.json; then echo "$file"; fi  # others are for other CPUs or for CUDA
  done)
  set -- "${files[@]}"
fi
printf '%s\0' "$@" | xargs -0 -n 4 -P "$(nproc)" clang-tidy -p build-tidy --quiet 2>/dev/null  # there it counts what it suppressed
echo "clang-tidy finds nothing in $# files"
