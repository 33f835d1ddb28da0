#!/usr/bin/env bash
# Kills and faults: training, quantizing and exporting are killed at random moments, and write to disks that are full, read-only or gone.
# Nothing may be lost: an output is the old file or the new one, whole; every training that is resumed ends in the same bits.
# Usage: kill_test.sh [BUILD [KILLS]]. Takes some seconds for each kill. The moments follow from SEED (1).
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}") kills=${2:-20}
RANDOM=${SEED:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
fail() { echo "error: $*" >&2; exit 1; }

train=("$build/train_or_load" --quiet --data data/imagenette-sample/val --valid-share 0.5 --epochs 3 --size 32 --batch-size 16)
plain=("$build/quantize" --quiet --limit 4 --eval-limit 4 --no-fake-quant)
quantize=("${plain[@]}" --export torch,onnx,c,npy)

# Milliseconds from 0 to $1, as seconds.
moment() { local ms=$((RANDOM * 32768 + RANDOM)); ms=$((ms % $1)); printf '%d.%03d' $((ms / 1000)) $((ms % 1000)); }

# killed SIGNAL LONGEST COMMAND...: the command's exit code, after the signal at a random moment, unless it was quicker.
killed() {
  local signal=$1 longest=$2 pid code=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" &
  pid=$!
  sleep "$(moment "$longest")"
  kill "-$signal" "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || code=$?
  return $code
}

echo "== trainings, killed and resumed: $kills times"
"${train[@]}" --output "$work/whole.pth" >/dev/null
started=$(date +%s%N)
"${train[@]}" --output "$work/again.pth" >/dev/null
longest=$((($(date +%s%N) - started) / 1000000))
cmp "$work/whole.pth" "$work/again.pth" || fail "two trainings differ without any kill"
done_kills=0
while [ $done_kills -lt "$kills" ]; do
  rm -f "$work"/t.pth*
  resume=()
  code=1
  while [ $code -ne 0 ]; do
    signals=(KILL KILL TERM INT HUP)
    signal=${signals[RANDOM % 5]}
    code=0
    killed "$signal" "$longest" "${train[@]}" "${resume[@]}" --output "$work/t.pth" || code=$?
    [ $code -eq 0 ] && break
    done_kills=$((done_kills + 1))
    case $code in
      137 | 130 | 143 | 129) ;;  # killed; saved and ended; killed before there was anything to save
      *) fail "SIG$signal: exit $code: $(cat "$work/err")" ;;
    esac
    if [ -e "$work/t.pth" ]; then "$build/train_or_load" --quiet --weights "$work/t.pth" --data data/imagenette-sample/val --split all --limit 1 >/dev/null || fail "SIG$signal left a damaged checkpoint"; fi
    resume=()
    [ -e "$work/t.pth.resume" ] && resume=(--resume)
    [ -e "$work/t.pth" ] && [ ${#resume[@]} -eq 0 ] && rm "$work/t.pth"  # killed between the last weights and the end
  done
  cmp "$work/whole.pth" "$work/t.pth" || fail "a training that was killed and resumed has other bits"
done

echo "== quantize and its exports, killed: $kills times"
"${quantize[@]}" --output "$work/q" >/dev/null
started=$(date +%s%N)
"${quantize[@]}" --output "$work/q" >/dev/null
longest=$((($(date +%s%N) - started) / 1000000))
for _ in $(seq "$kills"); do
  code=0
  killed KILL "$longest" "${quantize[@]}" --output "$work/q" || code=$?
  "$build/predict" --quiet --model "$work/q/model.safetensors" data/imagenette-sample/val/n03888257/n03888257_10380.JPEG >/dev/null || fail "a kill left a damaged model"
  "$build/predict" --quiet --model "$work/q/quantized.pth" data/imagenette-sample/val/n03888257/n03888257_10380.JPEG >/dev/null || fail "a kill left a damaged .pth"
  python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$work/q/report.json" || fail "a kill left a damaged report"
done
"${quantize[@]}" --output "$work/q" >/dev/null || fail "quantize does not run after kills"

echo "== files that may not grow: every size up to that of the largest"
for kilobytes in 0 1 40 1000 4000 8000 11000; do
  code=0
  # Through a pipe: a file for the errors would be full, too.
  errors=$(ulimit -f $kilobytes; "${quantize[@]}" --output "$work/q" 2>&1 >/dev/null) || code=$?
  [ $code -eq 1 ] || fail "a full disk at $kilobytes KB: exit $code, expected 1"
  [ "$(grep -c '^error: ' <<<"$errors")" -eq 1 ] || fail "a full disk at $kilobytes KB: not one line: $errors"
  "$build/predict" --quiet --model "$work/q/model.safetensors" data/imagenette-sample/val/n03888257/n03888257_10380.JPEG >/dev/null || fail "a full disk left a damaged model"
done
ls "$work"/q/*.partial 2>/dev/null && fail "a temporary file is left"

echo "== a stdout that is full, and one that nobody reads"
code=0
"${plain[@]}" >/dev/full 2>"$work/err" || code=$?
[ $code -eq 1 ] || fail "a full stdout: exit $code, expected 1"
"${plain[@]}" 2>"$work/err" | head -1 >/dev/null

echo "== a folder that is gone, and one file for two"
code=0
"${quantize[@]}" --output /proc/none >/dev/null 2>&1 || code=$?
[ $code -eq 1 ] || fail "a folder that cannot be: exit $code, expected 1"
code=0
"${quantize[@]}" --output "$work/two" >/dev/null 2>&1 &
first=$!
sleep 0.3
"${quantize[@]}" --output "$work/two" >/dev/null 2>"$work/err" || code=$?
wait $first || fail "the first of two did not end"
[ $code -eq 1 ] && grep -q 'another process' "$work/err" || fail "two at once in one folder: exit $code"
echo "nothing was lost"
