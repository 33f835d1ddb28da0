#!/usr/bin/env bash
# Checks that includes go one way, between folders and inside them. Usage: check_includes.sh [TREE]; without TREE: octet's own.
#
# A row of the table is a room and what it may include besides itself. A room is one folder, or with /* all folders below it too.
# Every folder with sources has a room: a new one needs a row. tests/, bench/ and examples/ may include everything.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

kernels="ops/engines ops/support ops/cpu/* ops/cuda/*"
ops="$kernels ops ops/conv ops/int8"
nn="nn/graph/* nn nn/layers nn/models nn/optim"
quant="quant/observers quant/qconfig quant/passes quant/qat quant/explain quant/checks quant/formats"
loaders="loaders/files loaders/images loaders/checkpoints loaders/datasets"
networks="networks networks/pt2 networks/onnx"
export table="
tensor/*
loaders/files         tensor/*
loaders/images        tensor/* loaders/files
loaders/checkpoints   tensor/* loaders/files loaders/images
loaders/datasets      tensor/* loaders/files loaders/images
ops/engines           tensor/*
ops/support           tensor/*
ops/cpu/*             tensor/* ops/engines ops/support
ops/cuda/*            tensor/* ops/engines ops/support
ops                   tensor/* $kernels
ops/conv              tensor/* $kernels ops
ops/int8              tensor/* $kernels ops ops/conv
ops/reference         tensor/* $ops
nn/graph/*            tensor/* $ops
nn                    tensor/* $ops nn/graph/*
nn/layers             tensor/* $ops nn/graph/* nn
nn/optim              tensor/* $ops nn/graph/* nn
nn/models             tensor/* $ops nn/graph/* nn nn/layers
quant/observers       tensor/* $ops $nn
quant/qconfig         tensor/* $ops $nn quant/observers
quant/passes          tensor/* $ops $nn quant/observers quant/qconfig
quant/qat             tensor/* $ops $nn quant/observers quant/qconfig quant/passes
quant/explain         tensor/* $ops $nn quant/observers quant/qconfig
quant/checks          tensor/* $ops $nn quant/observers quant/qconfig quant/passes quant/explain
quant/formats         tensor/* $ops $nn quant/observers quant/qconfig quant/passes quant/qat
networks              tensor/*
networks/pt2          tensor/* $ops $nn $loaders networks
networks/onnx         tensor/* $ops $nn $loaders networks
apps/common           tensor/* $ops $nn $quant $loaders $networks
apps/report           tensor/* $ops $nn $quant $loaders apps/common
apps/lesson           tensor/* $ops $nn $quant $loaders apps/common
apps/train            tensor/* $ops $nn $quant $loaders apps/common
apps/quantize         tensor/* $ops $nn $quant $loaders apps/common apps/report
apps                  tensor/* $ops $nn $quant $loaders apps/common apps/lesson apps/report apps/quantize apps/train
"
# Includes against an arrow that are known and wait to be mended. One that is gone must go from here too.
export known="
ops/cuda/batch_norm.h ops/batch_norm.h
ops/cuda/dropout.cu ops/dropout.h
ops/cuda/gemm.h ops/gemm.h
ops/cuda/optimizer_step.h ops/optimizer_step.h
ops/cuda/pool.cu ops/pool.h
ops/cuda/pool.h ops/pool.h
ops/support/im2col_shape.h ops/options.h
"
[ $# -eq 0 ] || known=

find tensor loaders ops nn quant networks apps \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' \) -print0 | sort -z |
  xargs -0 grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' | awk '
  function folder(path) { return sub("/[^/]*$", "", path) ? path : "." }
  function room(path,   place) {
    place = folder(path)
    if (place in rooms) return place
    for (; place != "."; place = folder(place))
      if ((place "/*") in rooms) return place "/*"
    return ""
  }
  function wrong(text) { print text >"/dev/stderr"; failed = 1 }
  function rowless(place, path) { wrong(place ": the folder of " path " has no row in scripts/check_includes.sh") }
  BEGIN {
    for (i = split(ENVIRON["table"], rows, "\n"); i > 0; --i) {
      n = split(rows[i], words, " ")
      if (n == 0) continue
      rooms[words[1]]
      for (w = 1; w <= n; ++w) allowed[words[1], words[w]]
    }
    for (i = split(ENVIRON["known"], rows, "\n"); i > 0; --i) if (rows[i] != "") waiting[rows[i]]
  }
  {
    split($0, at, ":")
    file = at[1]; place = file ":" at[2]; from = room(file)
    target = $0; sub(/^[^"<]*["<]/, "", target); sub(/[">].*/, "", target); to = room(target)
    if (from == "") { rowless(place, file); next }
    if (to == "" && /include[ \t]*</) next  # of the system, or a library
    if (to == "") { rowless(place, target); next }
    if ((from, to) in allowed) next
    if ((file " " target) in waiting) { delete waiting[file " " target]; next }
    wrong(place ": " from " must not include " to " (" target ")")
  }
  END {
    for (pair in waiting) wrong("scripts/check_includes.sh: mended, take it from the known ones: " pair)
    if (!failed) print "includes go one way"
    exit failed
  }'
