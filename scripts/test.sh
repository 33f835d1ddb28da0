#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests. Usage: scripts/test.sh [ctest's options ...]
set -euo pipefail
export OMP_WAIT_POLICY=passive  # several tests at once, each on all cores: threads that spin would keep the others waiting
cd "$(dirname "$0")/.."
scripts/packages.sh
cmake -S . -B build -G Ninja -DOCTET_BUILD_TESTS=ON -DOCTET_WERROR="${OCTET_WERROR:-OFF}" >/dev/null
ninja -C build --quiet
ctest --test-dir build --output-on-failure -j "$(nproc)" "$@"
