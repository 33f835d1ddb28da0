#!/usr/bin/env bash
# Everything that only a GPU can show, in one go: the tests of the device, compute-sanitizer over them, and the benchmarks.
#
#   scripts/gpu_check.sh               on a machine with a GPU, nvcc and octet's packages: builds, then checks
#   scripts/gpu_check.sh --pack DIR    on one with nvcc and the packages: builds, and gathers in DIR all that a GPU machine with
#                                      nothing but a driver and cuBLAS needs; there, without network: DIR/gpu_check.sh
# What a machine lacks of compute-sanitizer and PyTorch is left out, and said. Exit 1 when anything fails.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

folder=${OCTET_BUILD:-$here/../build}
build() {
  cmake -S "$here/.." -B "$folder" -G Ninja -DOCTET_CUDA=ON -DOCTET_BUILD_TESTS=ON >/dev/null
  ninja -C "$folder" tests/tests_cuda tests/tests_cuda_networks predict quantize train_or_load >/dev/null
}

if [ "${1:-}" = --pack ]; then
  to=${2:?usage: gpu_check.sh --pack DIR}
  build
  mkdir -p "$to/bin" "$to/lib" "$to/data"
  cp "$folder"/tests/tests_cuda{,_networks} "$folder"/{predict,quantize,train_or_load} "$to/bin/"
  strip "$to"/bin/*
  # Libraries that come with octet's packages; of the C library the machine has its own.
  ldd "$to"/bin/* | sed -nE 's|.*=> (/[^ ]*/lib(openblas\|gomp\|gfortran\|quadmath\|stdc\+\+\|z)\.so[^ ]*) .*|\1|p' | sort -u | xargs -I{} cp -L {} "$to/lib/"
  cp -r "$here/../data/imagenette-sample" "$here/../data/resnet18-imagenette-fastai.pth" "$to/data/"
  cp "$here/../bench/gpu_peers.py" "$to/"
  cp "$0" "$to/gpu_check.sh"
  echo "packed $(du -sh "$to" | cut -f1) into $to"
  exit 0
fi

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
if [ -d "$here/bin" ]; then
  bin=$here/bin data=$here/data
  export LD_LIBRARY_PATH=$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
else
  build
  bin=$folder data=$here/../data
  tests=$bin/tests
fi
tests=${tests:-$bin}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=()
step() {  # NAME COMMAND...
  echo "== $1"
  "${@:2}" || failed+=("$1")
}

"$bin/quantize" --version
missing=$("$bin/quantize" --device cuda --data "$out/none" 2>&1 | grep 'device cuda is not available') || true
[ -z "$missing" ] || { echo "$missing (nothing was checked)" >&2; exit 1; }

step "tests of ops" "$tests/tests_cuda" --gtest_brief=1
step "tests of networks" "$tests/tests_cuda_networks" --gtest_brief=1
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck initcheck; do
    step "compute-sanitizer $tool" compute-sanitizer --tool "$tool" --error-exitcode 1 "$tests/tests_cuda" --gtest_brief=1 --gtest_filter='-*MoreMemory*'
  done
else
  echo "== compute-sanitizer: not on this machine, left out"
fi

sample=(--data "$data/imagenette-sample" --weights "$data/resnet18-imagenette-fastai.pth")
step "the workflow on the device" "$bin/quantize" --device cuda "${sample[@]}" --output "$out"
step "the same on the CPU" "$bin/quantize" --device cpu "${sample[@]}" --output "$out/cpu" >/dev/null
for batch in 1 32 256; do
  for model in "$out/model.safetensors" "$data/resnet18-imagenette-fastai.pth"; do
    step "inference, batch $batch" "$bin/predict" --device cuda --benchmark 3 --batch "$batch" --model "$model"
  done
done
step "layers, batch 256" "$bin/predict" --device cuda --benchmark 2 --batch 256 --layers --model "$out/model.safetensors"
for batch in 64 256; do
  step "training, batch $batch" "$bin/train_or_load" --device cuda --benchmark-steps 20 --size 128 --batch-size "$batch"
done

peers=$here/gpu_peers.py
[ -f "$peers" ] || peers=$here/../bench/gpu_peers.py
if python3 -c 'import torch, torchvision; assert torch.cuda.is_available()' 2>/dev/null; then
  step "PyTorch on the same card" python3 "$peers"
else
  echo "== PyTorch with CUDA: not on this machine, left out"
fi

[ ${#failed[@]} -eq 0 ] || { printf 'FAILED: %s\n' "${failed[@]}" >&2; exit 1; }
echo "all checks passed"
