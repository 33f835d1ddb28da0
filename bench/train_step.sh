#!/usr/bin/env bash
# Training speed and peak memory of octet and PyTorch, alternately in one run, so that both meet the same machine.
# Usage: bench/train_step.sh PYTHON [ROUNDS] [BUILD]     PYTHON: an environment with torch and torchvision
# Lines are "NAME train SIZE BATCH THREADS images_per_second peak_rss_mb"; compare the best of each.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?usage: bench/train_step.sh PYTHON [ROUNDS] [BUILD]} rounds=${2:-3} build=${3:-build}
for _ in $(seq "$rounds"); do
  for batch in 32 64; do
    "$build/train_or_load" --benchmark-steps 5 --size 128 --batch-size "$batch" --threads 2
    "$python" bench/train_step.py 128 "$batch" 2 5
  done
done
