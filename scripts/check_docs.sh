#!/usr/bin/env bash
# Checks that documents and comments name what is there: links in *.md, paths such as ops/conv/conv2d.h in any file, names such as
# `conv2d.h` in README.md and docs/, and that each block of C++ in README.md and docs/ is part of a file in examples/ (whatever its indentation).
set -euo pipefail
cd "$(dirname "$0")/.."
wrong=0
complain() { echo "$1" >&2; wrong=1; }
mapfile -t documents < <(git ls-files '*.md')
for document in "${documents[@]}"; do  # a formatter of C++ would take the blank away, and the lines apart
  [[ $(head -1 "$document") == '# '* ]] || complain "$document: the first line is no heading"
done

# [text](target), not on the web and not inside the page.
while IFS=: read -r document line target; do
  target=${target#](} target=${target%)} target=${target%%#*}
  [ -z "$target" ] || [ -e "$(dirname "$document")/$target" ] || complain "$document:$line: there is no $target"
done < <(grep -noHE '\]\([^) ]+\)' "${documents[@]}" | grep -vE '\]\((https?:|#)')

# Paths from the root, in documents, comments and scripts. A name with a capital (apps/NAME.cpp) stands for any.
paths='(tensor|ops|nn|quant|loaders|networks|apps|tests|bench|scripts|examples|cmake|docs)/[a-z0-9_/]+\.(h|cpp|cu|md|sh|py|cmake)'
while IFS=: read -r file line path; do
  path=${path#[^a-z]}
  [ -e "$path" ] || complain "$file:$line: there is no $path"
done < <(git grep -noIE "(^|[^A-Za-z0-9_/.*}])$paths\\b" -- . ':!scripts/check_docs.sh' ':!tests/scripts')

# `name.h`: a file of that name somewhere.
names=" $(git ls-files | sed 's|.*/||' | sort -u | tr '\n' ' ') "
while IFS=: read -r file line name; do
  name=${name//\`/}
  [[ $names == *" $name "* ]] || complain "$file:$line: no file is called $name"
done < <(grep -noHE '`[a-z0-9_]+\.(h|cpp|cu|md|sh|py|cmake)`' README.md CONTRIBUTING.md tests/README.md docs/*.md)

# Blocks of C++.
bare() { sed -E 's/^[[:space:]]+//' "$@"; }
examples=$'\n'$(bare examples/*.cpp)
for document in README.md docs/*.md; do
  block='' inside=no
  while IFS= read -r text; do
    case $inside,$text in
      no,'```cpp') inside=yes block='' ;;
      yes,'```') inside=no; [[ $examples == *$'\n'"$block"* ]] || complain "$document: not in examples/: ${block%%$'\n'*} ..." ;;
      yes,*) block+=$text$'\n' ;;
    esac
  done < <(bare "$document")
done
[ $wrong -eq 0 ] && echo "documents name what is there"
exit $wrong
