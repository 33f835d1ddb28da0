#!/usr/bin/env bash
# Kills: trainings, and quantize with its exports, get a signal at random moments: SIGKILL, SIGTERM, SIGINT or SIGHUP. Nothing may be
# lost: an output is the old file or the new one, whole; every training that is resumed ends in the same bits.
# Half of KILLS are of trainings, half of quantize; a twentieth is of ResNet18, the others of a small network, which writes most of
# the time.
# Usage: kill_test.sh [BUILD [KILLS]]. Takes some seconds for each kill. The moments follow from SEED (1). Faults of disks: fault_test.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}") kills=${2:-20}
RANDOM=${SEED:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
fail() { echo "error: $*" >&2; exit 1; }

sample=data/imagenette-sample
image=$sample/val/n03888257/n03888257_10380.JPEG
mkdir -p "$work/small"  # of each class four images
for class in "$sample"/val/*/; do
  mkdir "$work/small/$(basename "$class")"
  find "$class" -name '*.JPEG' | sort | head -4 | xargs cp -t "$work/small/$(basename "$class")"
done
large=("$build/train_or_load" --quiet --data "$sample/val" --valid-share 0.5 --epochs 3 --size 32 --batch-size 16)
small=("$build/train_or_load" --quiet --weights tests/golden/pt2/branches.pt2 --data "$work/small" --valid-share 0.5 --epochs 40 --batch-size 4)
quantize=("$build/quantize" --quiet --limit 4 --eval-limit 4 --no-fake-quant --export torch,onnx,c,npy)
export_small=("$build/quantize" --quiet --weights tests/golden/pt2/branches.pt2 --data "$work/small" --export torch,onnx,c,npy)

# Milliseconds from 0 to $1, as seconds.
moment() { local ms=$((RANDOM * 32768 + RANDOM)); ms=$((ms % $1)); printf '%d.%03d' $((ms / 1000)) $((ms % 1000)); }
# Milliseconds that a command takes.
time_of() { local started; started=$(date +%s%N); "$@" >/dev/null 2>&1; echo $((($(date +%s%N) - started) / 1000000)); }

declare -A count=()
# killed LONGEST COMMAND...: sends a signal at a random moment, unless the command is quicker; sets code and signal.
killed() {
  local longest=$1 pid signals=(KILL KILL TERM INT HUP)
  shift
  signal=${signals[RANDOM % 5]} code=0
  env --default-signal=INT,HUP "$@" >"$work/out" 2>"$work/err" &  # which bash and nohup have ignored
  pid=$!
  sleep "$(moment "$longest")"
  kill "-$signal" "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || code=$?
  case $code in
    0) return ;;
    137 | 130 | 143 | 129) count[$signal]=$((${count[$signal]:-0} + 1)) ;;  # killed, or saved and ended
    *) fail "SIG$signal: exit $code: $(cat "$work/err")" ;;
  esac
}

# train KILLS COMMAND...: trainings are killed and resumed until they are done, again and again.
train() {
  local wanted=$1 done_kills=0 longest resume ended=0
  shift
  "$@" --output "$work/whole.pth" >/dev/null 2>&1
  longest=$(time_of "$@" --output "$work/again.pth")
  cmp "$work/whole.pth" "$work/again.pth" || fail "two trainings differ without any kill"
  while [ $done_kills -lt "$wanted" ]; do
    rm -f "$work"/t.pth*
    resume=()
    while true; do
      killed "$longest" "$@" "${resume[@]}" --output "$work/t.pth"
      [ $code -eq 0 ] && break
      done_kills=$((done_kills + 1))
      if [ -e "$work/t.pth" ]; then python3 -c 'import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip())' "$work/t.pth" || fail "SIG$signal left a damaged checkpoint"; fi
      resume=()
      [ -e "$work/t.pth.resume" ] && resume=(--resume)
      [ -e "$work/t.pth" ] && [ ${#resume[@]} -eq 0 ] && rm "$work/t.pth"  # killed between the last weights and the end
    done
    cmp "$work/whole.pth" "$work/t.pth" || fail "a training that was killed and resumed has other bits"
    ended=$((ended + 1))
  done
  trained=$((trained + done_kills))
  echo "$done_kills kills; $ended trainings ended in the same bits"
}

# kill_quantize KILLS COMMAND...: one folder, written again and again.
kill_quantize() {
  local wanted=$1 done_kills=0 longest
  shift
  "$@" --output "$work/q" >/dev/null
  longest=$(time_of "$@" --output "$work/q")
  while [ $done_kills -lt "$wanted" ]; do
    killed "$longest" "$@" --output "$work/q"
    [ $code -eq 0 ] && continue
    done_kills=$((done_kills + 1))
    for model in model.safetensors model.onnx; do
      "$build/predict" --quiet --verify=known --model "$work/q/$model" "$image" >/dev/null || fail "SIG$signal left a damaged $model"
    done
    python3 - "$work/q" <<'PY' || fail "SIG$signal left a damaged file"
import json, pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
json.load(open(folder / "report.json"))
assert zipfile.ZipFile(folder / "quantized.pth").testzip() is None
assert (folder / "model.h").read_text().rstrip().endswith("#endif")
for path in folder.glob("layers/*.npy"):
    header = path.read_bytes()
    assert header[:6] == b"\x93NUMPY" and len(header) > 128, path
PY
  done
  "$@" --output "$work/q" >/dev/null || fail "quantize does not run after kills"
  ls "$work"/q/*.partial 2>/dev/null && fail "a temporary file is left"
  quantized=$((quantized + done_kills))
  echo "$done_kills kills"
  rm -r "$work/q"
}

trained=0 quantized=0
echo "== trainings, killed and resumed"
train $(((kills + 39) / 40)) "${large[@]}"
train $((kills / 2 - (kills + 39) / 40)) "${small[@]}"
echo "== quantize and its exports, killed"
kill_quantize $(((kills + 39) / 40)) "${quantize[@]}"
kill_quantize $((kills / 2 - (kills + 39) / 40)) "${export_small[@]}"
echo "nothing was lost: $trained kills of trainings, $quantized of quantize; by signal:$(for s in "${!count[@]}"; do printf ' %s %d' "$s" "${count[$s]}"; done)"
