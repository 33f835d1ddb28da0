#!/usr/bin/env bash
# One command from a fresh machine to the workflow on real images: installs what is missing, builds, runs quantize on data/.
# Usage: scripts/demo.sh [quantize's options ...]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/packages.sh
cmake -S . -B build -G Ninja -DOCTET_BUILD_TESTS=OFF >/dev/null
ninja -C build --quiet quantize predict train_or_load compare_observers
exec build/quantize --output out "$@"
