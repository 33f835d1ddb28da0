#!/usr/bin/env bash
# Everything that only a GPU can show: the tests of the device, compute-sanitizer over them, the workflow and the benchmarks.
#
#   scripts/gpu_check.sh [STEP...]          on a machine with a GPU, nvcc and octet's packages: builds, then checks
#   scripts/gpu_check.sh --pack FILE.tar.xz on one with nvcc and the packages: builds, and packs all that a GPU machine with nothing
#                                           but a driver, cuBLAS and a C library no older than this machine's needs; there, without
#                                           network, beside octet's data/ or with OCTET_DATA naming it:
#                                           tar xf FILE.tar.xz && gpu-check/gpu_check.sh [STEP...]
# Steps: tests sanitizers workflow inference tilings training peers; all of them, if none is named. What a machine lacks of
# compute-sanitizer and PyTorch is left out, and said. Exit 1 when anything fails.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
steps=(tests sanitizers workflow inference tilings training peers)

build() {  # FOLDER [CMAKE OPTION...]
  cmake -S "$here/.." -B "$1" -G Ninja -DOCTET_CUDA=ON -DOCTET_BUILD_TESTS=ON "${@:2}" >/dev/null
  ninja -C "$1" tests/tests_cuda tests/tests_cuda_networks predict quantize train_or_load gpu_tilings >/dev/null
}

if [ "${1:-}" = --pack ]; then
  file=$(realpath "${2:?usage: gpu_check.sh --pack FILE.tar.xz}")
  folder=${OCTET_BUILD:-$here/../build-pack}
  # The machine has its own C library and Python; ours must run with the one and leave the other alone: the C++ library goes into
  # the programs, and other libraries are found by the programs only (rpath, which libraries inherit; the new kind is not).
  build "$folder" "-DCMAKE_EXE_LINKER_FLAGS=-static-libstdc++ -static-libgcc -Wl,-rpath,'\$ORIGIN/../lib',--disable-new-dtags"
  packed=$(mktemp -d)
  trap 'rm -rf "$packed"' EXIT
  to=$packed/gpu-check
  mkdir -p "$to/bin" "$to/lib"
  cp "$folder"/tests/tests_cuda{,_networks} "$folder"/{predict,quantize,train_or_load,gpu_tilings} "$to/bin/"
  strip "$to"/bin/*
  ldd "$to"/bin/* | sed -nE 's|.*=> (/[^ ]*/lib(openblas\|gomp\|gfortran\|quadmath\|z)\.so[^ ]*) .*|\1|p' | sort -u | xargs -I{} cp -L {} "$to/lib/"
  cp "$here/../bench/gpu_peers.py" "$0" "$to/"
  tar -C "$packed" -cJf "$file" gpu-check
  echo "packed $(du -sh "$file" | cut -f1) into $file"
  exit 0
fi

for step in "$@"; do
  [[ " ${steps[*]} " == *" $step "* ]] || { echo "gpu_check.sh: '$step': expected one of ${steps[*]}" >&2; exit 2; }
done
[ $# -eq 0 ] || steps=("$@")
wants() { [[ " ${steps[*]} " == *" $1 "* ]]; }

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
if [ -d "$here/bin" ]; then
  bin=$here/bin tests=$here/bin data=${OCTET_DATA:-$here/../data}
  # cuBLAS may lie where only Python looks for it.
  cublas=$(ldconfig -p | grep -c 'libcublas\.so' || true)
  folder=$([ "$cublas" -gt 0 ] || find / -xdev -name 'libcublas.so.*' -printf '%h\n' -quit 2>/dev/null || true)
else
  build "${OCTET_BUILD:-$here/../build}"
  bin=${OCTET_BUILD:-$here/../build} tests=$bin/tests data=${OCTET_DATA:-$here/../data} folder=
fi
octet() {  # PROGRAM [ARGUMENT...]
  if [ -n "$folder" ]; then LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder "$@"; else "$@"; fi
}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=()
step() {  # NAME COMMAND...
  echo "== $1"
  "${@:2}" || failed+=("$1")
}

octet "$bin/quantize" --version
missing=$(octet "$bin/quantize" --device cuda --data "$out/none" 2>&1 | grep 'device cuda is not available') || true
[ -z "$missing" ] || { echo "$missing (nothing was checked)" >&2; exit 1; }

if wants tests; then
  step "tests of ops" octet "$tests/tests_cuda" --gtest_brief=1
  step "tests of networks" octet "$tests/tests_cuda_networks" --gtest_brief=1
fi

if wants sanitizers; then
  if command -v compute-sanitizer >/dev/null; then
    sanitize() {  # TOOL [OPTION...] PROGRAM [ARGUMENT...]
      # Without octet's cache of device memory, every byte beyond a tensor's end is somebody else's.
      OCTET_CUDA_CACHE=off octet compute-sanitizer --tool "$1" --error-exitcode 1 --print-limit 5 "${@:2}"
    }
    without=--gtest_filter=-*MoreMemory*
    step "memcheck" sanitize memcheck "$tests/tests_cuda" --gtest_brief=1 "$without"
    step "memcheck of replays" sanitize memcheck "$tests/tests_cuda_networks" --gtest_brief=1 --gtest_filter='*Replay*'
    # initcheck must see what cuBLAS writes; the others look at octet's kernels only.
    step "initcheck" sanitize initcheck "$tests/tests_cuda" --gtest_brief=1 "$without"
    step "racecheck" sanitize racecheck --kernel-name kns=octet "$tests/tests_cuda" --gtest_brief=1 "$without"
    step "synccheck" sanitize synccheck --kernel-name kns=octet "$tests/tests_cuda" --gtest_brief=1 "$without"
  else
    echo "== compute-sanitizer: not on this machine, left out"
  fi
fi

sample=(--data "$data/imagenette-sample" --weights "$data/resnet18-imagenette-fastai.pth")
if wants workflow || wants inference; then
  step "the workflow on the device" octet "$bin/quantize" --device cuda "${sample[@]}" --output "$out"
fi
if wants workflow; then
  echo "== the same on the CPU"
  octet "$bin/quantize" --device cpu "${sample[@]}" --output "$out/cpu" >/dev/null || failed+=("the same on the CPU")
fi
if wants inference; then
  for batch in 1 32 256; do
    for model in "$out/model.safetensors" "$data/resnet18-imagenette-fastai.pth"; do
      step "inference, batch $batch" octet "$bin/predict" --device cuda --benchmark 3 --batch "$batch" --model "$model"
    done
  done
  for batch in 1 256; do
    step "layers, batch $batch" octet "$bin/predict" --device cuda --benchmark 2 --batch "$batch" --layers --model "$out/model.safetensors"
  done
fi
if wants tilings; then
  step "the int8 convolution's tilings" octet "$bin/gpu_tilings"
fi
if wants training; then
  for batch in 64 256; do
    step "training, batch $batch" octet "$bin/train_or_load" --device cuda --benchmark-steps 20 --size 128 --batch-size "$batch"
  done
fi
if wants peers; then
  peers=$here/gpu_peers.py
  [ -f "$peers" ] || peers=$here/../bench/gpu_peers.py
  if why=$(python3 -c 'import torch, torchvision; assert torch.cuda.is_available(), "PyTorch sees no GPU"' 2>&1); then
    step "PyTorch on the same card" python3 "$peers"
  else
    echo "== PyTorch with CUDA: left out: $(tail -1 <<<"$why")"
  fi
fi

[ ${#failed[@]} -eq 0 ] || { printf 'FAILED: %s\n' "${failed[@]}" >&2; exit 1; }
echo "all checks passed: ${steps[*]}"
