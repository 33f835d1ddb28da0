#!/usr/bin/env bash
# octet in other people's projects: examples/ built against an installed octet, and with octet as a folder of the project.
# Usage: test_package.sh SOURCE BUILD WORK, where BUILD is built and WORK may be emptied.
set -euo pipefail
source=$1 build=$2 work=$3
rm -rf "$work"
mkdir -p "$work"

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
cmake -S "$source/examples" -B "$work/installed" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/installed.log"
ninja -C "$work/installed" --quiet
cd "$work"
installed/quantize_checkpoint "$source"/data/resnet18-imagenette-fastai.pth "$source"/data/imagenette-sample | tee checkpoint.txt
grep -qE '^int8 top-1: 8[0-9.]+ % of 200 images$' checkpoint.txt  # float: 82.00 %
installed/own_network | tee own_network.txt
grep -qx 'first layer by hand: 4096 of 4096 outputs equal the int8 layer.s' own_network.txt
images=("$source"/data/imagenette-sample/val/*/*.JPEG)
image=${images[0]}
if installed/classify model.safetensors "$image" no-such-file 2>error.txt >answers.txt; then echo "no-such-file was classified" >&2; exit 1; fi
grep -q "^$image: class [0-2], [0-9.]* %$" answers.txt
grep -qx 'error: no-such-file: cannot open: No such file or directory' error.txt

# As a folder: nothing of octet is built but what the program needs, nor found that only octet's own programs need.
cmake -S "$source/examples" -B "$work/folder" -G Ninja -DOCTET_SOURCE="$source" -DOCTET_CUDA=OFF >"$work/folder.log"
ninja -C "$work/folder" -t targets all >targets.txt
grep -q 'liboctet_tensor.a' targets.txt
if grep -q 'tests_\|octet_apps\|train_or_load' targets.txt; then echo "a project that adds octet gets its programs and tests" >&2; exit 1; fi
ninja -C "$work/folder" --quiet octet_tensor
