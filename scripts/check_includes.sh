#!/usr/bin/env bash
# Checks that includes go one way: tensor <- ops <- nn <- quant <- apps, loaders -> tensor.
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A allowed=(
  [tensor]="tensor"
  [loaders]="tensor loaders"
  [ops]="tensor ops"
  [nn]="tensor ops nn"
  [quant]="tensor ops nn quant"
  [apps]="tensor ops nn quant loaders apps"
)
wrong=0
for folder in "${!allowed[@]}"; do
  while IFS=: read -r file line include; do
    target=$(sed -E 's|.*"([^/"]+)/.*|\1|' <<<"$include")
    case " ${allowed[$folder]} " in
      *" $target "*) ;;
      *) echo "$file:$line: $folder must not include $target" >&2; wrong=1 ;;
    esac
  done < <(git ls-files "$folder/*.h" "$folder/*.cpp" | xargs -r grep -nHE '^#include "' | sed -E 's/^([^:]+):([0-9]+):/\1:\2:/')
done
[ $wrong -eq 0 ] && echo "includes go one way"
exit $wrong
