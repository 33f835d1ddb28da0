#!/usr/bin/env bash
# quantize writes the same model.safetensors, byte for byte: by two passes for every thread count, batch, OpenBLAS and instruction set,
# by one pass for every thread count, OpenBLAS and instruction set (docs/determinism.md). Usage: scripts/same_models.sh [BUILD [LIMIT]]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build} limit=${2:-12}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export OMP_WAIT_POLICY=passive
kernels=(Haswell Zen Prescott) isas=(avx2)
if grep -q avx512f /proc/cpuinfo; then kernels+=(SkylakeX); fi
if grep -q avx512_vnni /proc/cpuinfo; then isas+=(avx512vnni); fi

# run CALIBRATION THREADS BATCH [NAME=VALUE ...]: the model's checksum, compared with the first of that calibration.
declare -A first
run() {
  local calibration=$1 threads=$2 batch=$3 sum
  shift 3
  env "$@" "$build/quantize" --quiet --no-fake-quant --subset spread --limit "$limit" --eval-limit 1 --calibration "$calibration" \
    --threads "$threads" --batch-size "$batch" --output "$out" >/dev/null
  sum=$(sha256sum <"$out/model.safetensors" | cut -c1-16)
  echo "$calibration, threads: $threads, batch: $batch, $*: $sum"
  [ "${first[$calibration]:=$sum}" = "$sum" ] || { echo "same_models: differs from ${first[$calibration]}" >&2; exit 1; }
}

for isa in "${isas[@]}"; do
  for threads in 1 2 3; do
    for batch in 1 7 64; do run two-pass "$threads" "$batch" OCTET_ISA="$isa"; done
    run one-pass "$threads" 7 OCTET_ISA="$isa"
  done
done
for kernel in "${kernels[@]}"; do
  for threads in 1 2; do
    run two-pass "$threads" 7 OPENBLAS_CORETYPE="$kernel"
    run one-pass "$threads" 7 OPENBLAS_CORETYPE="$kernel"
  done
done
echo "all models are equal"
