#!/usr/bin/env bash
# Faults of disks, pipes and folders: each call by which quantize, its exports and a training change the disk fails once
# (tests/faults/fail_at.c), with ENOSPC, EIO and EROFS by turns; files may not grow; stdout is full, or nobody reads it; a folder is
# read-only, gone, or somebody else writes into it. Nothing may be lost: every file is the old one or the new one, whole, or not there;
# an error is one line and exit 1; a training that stopped is resumed and ends in the same bits.
# Usage: fault_test.sh [BUILD [EVERY]]; EVERY: only every so manieth call (1).
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}") every=${2:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
fail() { echo "error: $*" >&2; exit 1; }

sample=data/imagenette-sample
image=$sample/val/n03888257/n03888257_10380.JPEG
cc -O1 -fPIC -shared -o "$work/fail_at.so" tests/faults/fail_at.c -ldl
mkdir -p "$work/small"  # of each class four images
for class in "$sample"/val/*/; do
  mkdir "$work/small/$(basename "$class")"
  find "$class" -name '*.JPEG' | sort | head -4 | xargs cp -t "$work/small/$(basename "$class")"
done
net=tests/golden/pt2/branches.pt2
quantize=("$build/quantize" --quiet --weights "$net" --data "$work/small" --split all --no-fake-quant --export torch,onnx,c,npy)
train=("$build/train_or_load" --quiet --weights "$net" --data "$work/small" --valid-share 0.5 --epochs 2 --batch-size 8 --log "$work/log.csv")
errnos=(28 5 30)  # ENOSPC, EIO, EROFS

calls_of() { FAIL_COUNT="$work/count" LD_PRELOAD="$work/fail_at.so" "$@" >/dev/null 2>&1; cat "$work/count"; }
# with_fault N COMMAND...: its Nth call fails. Sets code; an exit that is not 0 must be 1 with one line.
with_fault() {
  local n=$1
  shift
  code=0
  FAIL_AT=$n FAIL_ERRNO=${errnos[n % 3]} LD_PRELOAD="$work/fail_at.so" "$@" >"$work/out" 2>"$work/err" || code=$?
  case $code in
    0) ;;
    1) [ "$(grep -c '^error: ' "$work/err")" -eq 1 ] || fail "call $n: not one line: $(cat "$work/err")" ;;
    *) fail "call $n: exit $code: $(cat "$work/err")" ;;
  esac
}
# same A B: two folders have the same files; only their reports may differ. Files may be missing in B where $3 is given.
same() {
  local file
  (cd "$1" && find . -type f ! -name '*.lock' ! -name report.json) | while read -r file; do
    [ -n "${3:-}" ] && [ ! -e "$2/$file" ] && continue
    cmp "$1/$file" "$2/$file" || return 1
  done
}

echo "== quantize and its exports: each call that changes the disk fails"
"${quantize[@]}" --output "$work/whole" >/dev/null
calls=$(calls_of "${quantize[@]}" --output "$work/counted")
refused=0
for ((n = 1; n <= calls; n += every)); do
  [ $((n % 2)) -eq 0 ] || rm -rf "$work/q"  # by turns into an empty folder and over old files
  with_fault "$n" "${quantize[@]}" --output "$work/q"
  partial=maybe
  [ $code -eq 0 ] && partial=
  if [ -d "$work/q" ]; then
    same "$work/whole" "$work/q" $partial || fail "call $n: exit $code, and a file is not whole"
    [ ! -e "$work/q/report.json" ] || python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$work/q/report.json" || fail "call $n: report.json"
    [ -z "$(find "$work/q" -name '*.partial')" ] || fail "call $n: a temporary file is left"
  else
    [ $code -ne 0 ] || fail "call $n: exit 0 without a folder"
  fi
  [ $code -eq 0 ] || refused=$((refused + 1))
done
echo "$calls calls, $refused refused"

echo "== a training: each call that changes the disk fails, and the training goes on"
"${train[@]}" --output "$work/whole.pth" >/dev/null 2>&1
calls=$(calls_of "${train[@]}" --output "$work/counted.pth")
refused=0
for ((n = 1; n <= calls; n += every)); do
  rm -f "$work"/t.pth* "$work"/log.*
  with_fault "$n" "${train[@]}" --output "$work/t.pth"
  if [ $code -ne 0 ]; then
    refused=$((refused + 1))
    [ ! -e "$work/t.pth" ] || python3 -c 'import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip())' "$work/t.pth" || fail "call $n: a damaged checkpoint"
    resume=()
    [ -e "$work/t.pth.resume" ] && resume=(--resume)
    [ ${#resume[@]} -gt 0 ] || rm -f "$work"/t.pth "$work"/log.*
    "${train[@]}" "${resume[@]}" --output "$work/t.pth" >/dev/null 2>"$work/err" || fail "call $n: cannot go on: $(cat "$work/err")"
  fi
  cmp "$work/whole.pth" "$work/t.pth" || fail "call $n: other bits"
done
echo "$calls calls, $refused refused"

echo "== files that may not grow: every size up to that of the largest"
"${quantize[@]}" --output "$work/q" >/dev/null
for kilobytes in 0 1 2 4 8 12 16 24 32 48; do
  code=0
  # Through a pipe: a file for the errors would be full, too.
  errors=$(ulimit -f $kilobytes; "${quantize[@]}" --output "$work/q" 2>&1 >/dev/null) || code=$?
  [ $code -le 1 ] || fail "a full disk at $kilobytes KB: exit $code, expected 1"
  [ $code -eq 0 ] || [ "$(grep -c '^error: ' <<<"$errors")" -eq 1 ] || fail "a full disk at $kilobytes KB: not one line: $errors"
  same "$work/whole" "$work/q" || fail "a full disk at $kilobytes KB: a file is not whole"
done
[ -z "$(find "$work/q" -name '*.partial')" ] || fail "a temporary file is left"

echo "== a stdout that is full, and one that nobody reads"
code=0
"${quantize[@]}" --output "$work/q" >/dev/full 2>"$work/err" || code=$?
[ $code -eq 1 ] || fail "a full stdout: exit $code, expected 1"
same "$work/whole" "$work/q" || fail "a full stdout: a file is not whole"
"${quantize[@]}" --output "$work/q" 2>"$work/err" | head -1 >/dev/null
same "$work/whole" "$work/q" || fail "a broken pipe: a file is not whole"
"$build/predict" --model "$work/q/model.safetensors" "$work"/small/*/*.JPEG 2>"$work/err" | head -1 >/dev/null

echo "== a folder that is read-only, one that is gone, and one for two"
chmod a-w "$work/q" "$work/q/layers" "$work"/q/*.*
chmod a+rx "$work" "$work/q"
nobody=()
[ "$(id -u)" -ne 0 ] || nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)  # root may write everywhere
code=0
"${nobody[@]}" "${quantize[@]}" --output "$work/q" >/dev/null 2>"$work/err" || code=$?
[ $code -eq 1 ] && [ "$(grep -c '^error: ' "$work/err")" -eq 1 ] || fail "a read-only folder: exit $code: $(cat "$work/err")"
chmod u+w "$work/q" "$work/q/layers" "$work"/q/*.*
same "$work/whole" "$work/q" || fail "a read-only folder: a file is not whole"
code=0
"${quantize[@]}" --output /proc/none >/dev/null 2>&1 || code=$?
[ $code -eq 1 ] || fail "a folder that cannot be: exit $code, expected 1"
code=0
slow=("$build/quantize" --quiet --limit 16 --eval-limit 16 --no-fake-quant)
"${slow[@]}" --output "$work/two" >/dev/null 2>&1 &
first=$!
sleep 0.5
"${slow[@]}" --output "$work/two" >/dev/null 2>"$work/err" || code=$?
wait $first || fail "the first of two did not end"
[ $code -eq 1 ] && grep -q 'another process' "$work/err" || fail "two at once in one folder: exit $code"
echo "nothing was lost"
