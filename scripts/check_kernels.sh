#!/usr/bin/env bash
# A function that several files define (inline, template) is kept once by the linker: were it the copy of a file compiled for
# AVX-512, every CPU would have to run that. So the files of an instruction set's folder, ops/cpu/NAME, must define no such function.
# Usage: scripts/check_kernels.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/.."
shared=$(nm -C "${1:-build}"/CMakeFiles/octet_ops.dir/ops/cpu/*/*.o | grep ' [WV] ' || true)
[ -z "$shared" ] || { echo "kernel files define shared functions; give them plain pointers, or make them static:" >&2; echo "$shared" >&2; exit 1; }
echo "kernel files define no shared functions"
