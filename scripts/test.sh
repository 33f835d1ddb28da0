#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests. Usage: scripts/test.sh [ctest's options ...]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/packages.sh
cmake -S . -B build -G Ninja -DOCTET_BUILD_TESTS=ON -DOCTET_WERROR="${OCTET_WERROR:-OFF}" >/dev/null
ninja -C build --quiet
ctest --test-dir build --output-on-failure -j "$(nproc)" "$@"
