#!/usr/bin/env bash
# scripts/check_includes.sh on small trees: one as it should be, and then each kind of wrong include by itself.
# Usage: test_check_includes.sh SOURCE WORK, where WORK may be emptied.
set -euo pipefail
check=$1/scripts/check_includes.sh tree=$2
failures=0

# put FILE INCLUDE: a source file with that one line.
put() { mkdir -p "$(dirname "$tree/$1")" && echo "#include $2" >"$tree/$1"; }

right_tree() {
  rm -rf "$tree"
  mkdir -p "$tree"/{tensor,loaders,ops,nn,quant,networks,apps}
  put tensor/tensor.h '<vector>'
  put tensor/cuda/runtime.h '"tensor/tensor.h"'
  put loaders/images/image.cpp '"loaders/files/file.h"'
  put ops/engines/round.h '"tensor/tensor.h"'
  put ops/cpu/avx2/gemm.cpp '"ops/cpu/gemm.h"'
  put ops/cuda/pool.cu '"ops/engines/round.h"'
  put ops/int8/pool.cpp '"ops/cuda/pool.h"'
  put nn/graph/ops/relu.h '"ops/elementwise.h"'
  put nn/models/resnet.h '"nn/layers/conv2d.h"'
  put quant/formats/qat_checkpoint.h '"quant/qat/prepare_qat.h"'
  put networks/pt2/to_graph.cpp '"nn/graph/graph.h"'
  put apps/quantize.cpp '"apps/common/show.h"'
  put apps/common/show.h '<nlohmann/json.hpp>'
}

expect_right() {
  local said
  if ! said=$("$check" "$tree" 2>&1) || [ "$said" != "includes go one way" ]; then
    echo "the right tree is refused: $said" >&2
    failures=$((failures + 1))
  fi
}

# expect_wrong FILE INCLUDE WORDS: with that file in the tree, one line is said, which begins with its place and has the words.
expect_wrong() {
  right_tree
  put "$1" "$2"
  local said status=0
  said=$("$check" "$tree" 2>&1) || status=$?
  if [ $status -eq 0 ] || [ "$(wc -l <<<"$said")" -ne 1 ] || [[ $said != "$1:1: "* ]] || [[ $said != *"$3"* ]]; then
    echo "$1 with $2: expected one line with '$3', got status $status and: $said" >&2
    failures=$((failures + 1))
  fi
}

right_tree
expect_right
expect_wrong tensor/a.cpp '"ops/gemm.h"' 'tensor/* must not include ops (ops/gemm.h)'                       # against a top arrow
expect_wrong loaders/files/a.cpp '"ops/gemm.h"' 'loaders/files must not include ops'
expect_wrong nn/graph/a.cpp '"quant/passes/convert.h"' 'nn/graph/* must not include quant/passes'
expect_wrong ops/a.cpp '"apps/common/cli.h"' 'ops must not include apps/common'
expect_wrong quant/observers/a.cpp '"quant/qconfig/qconfig.h"' 'quant/observers must not include quant/qconfig'  # an inner one
expect_wrong quant/checks/a.cpp '"quant/formats/to_onnx.h"' 'quant/checks must not include quant/formats'
expect_wrong loaders/images/a.cpp '"loaders/datasets/batches.h"' 'loaders/images must not include loaders/datasets'
expect_wrong nn/graph/ops/a.h '"nn/functional.h"' 'nn/graph/* must not include nn (nn/functional.h)'
expect_wrong ops/int8/a.cpp '"ops/reference/conv2d.h"' 'ops/int8 must not include ops/reference'
expect_wrong networks/pt2/a.cpp '"quant/passes/convert.h"' 'networks/pt2 must not include quant/passes'
expect_wrong apps/common/a.cpp '"apps/train/train.h"' 'apps/common must not include apps/train'
expect_wrong ops/cuda/a.cu '"quant/passes/convert.h"' 'ops/cuda/* must not include quant/passes'               # in each kind of file
expect_wrong ops/cuda/a.cuh '"ops/int8/pool.h"' 'ops/cuda/* must not include ops/int8'
expect_wrong ops/cpu/avx2/a.h '"ops/int8/pool.h"' 'ops/cpu/* must not include ops/int8'
expect_wrong quant/plots/a.h '"tensor/tensor.h"' 'the folder of quant/plots/a.h has no row'                    # unknown folders
expect_wrong quant/passes/a.cpp '"plots/plot.h"' 'the folder of plots/plot.h has no row'
expect_wrong quant/passes/a.cpp '"convert.h"' 'the folder of convert.h has no row'
expect_wrong ops/engines/a.h '<nn/module.h>' 'ops/engines must not include nn (nn/module.h)'                  # however it is written

put ops/engines/a.h '"tensor/tensor.h"'
sed -i '1i   #  include "ops/gemm.h"' "$tree/ops/engines/a.h"
if "$check" "$tree" >/dev/null 2>&1; then echo "an indented include is not seen" >&2; failures=$((failures + 1)); fi

[ $failures -eq 0 ] && echo "all as expected"
exit $((failures > 0))
