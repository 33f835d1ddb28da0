#!/usr/bin/env bash
# ResNet18 (10 classes, 224 px) in octet and in other engines, by turns in one run, so that all meet the same machine.
# Usage: bench/peers.sh DIR [ROUNDS] [BUILD]
#   DIR: a Python environment, made here if it is not there (torch, torchvision, onnxruntime, openvino, nncf, ncnn: about 2 GB)
# Prints a table of medians over the rounds, of each round's fastest run, and of the ratios to octet with their spread.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:?usage: bench/peers.sh DIR [ROUNDS] [BUILD]} rounds=${2:-3} build=${3:-build}
if [ ! -x "$dir/bin/python" ]; then
  python3 -m venv "$dir"
  "$dir/bin/pip" install -q torch==2.11.0 torchvision --index-url https://download.pytorch.org/whl/cpu
  "$dir/bin/pip" install -q onnx onnxruntime==1.32.0 openvino==2026.4.1 nncf==3.4.0 ncnn==1.0.20261020
fi
exec "$dir/bin/python" bench/peers.py --rounds "$rounds" --build "$build" --models "$dir/octet-models"
