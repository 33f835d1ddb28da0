#!/usr/bin/env bash
# Text from files reaches a person only through tensor/text.h. Finds lines that may let it through otherwise: a message of a JSON
# library or of RE2 that is passed on as it is, an Error's text or a path or a note that goes to a stream without one_line() or
# printable(), and JSON that is parsed past its one door (tensor/json_text.h). Usage: check_text.sh [TREE]
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
wrong=0
# look WHAT PATTERN EXCEPT PATHS...: lines with the pattern and without the exception.
look() {
  local what=$1 pattern=$2 except=$3 found
  shift 3
  found=$(grep -rnE "$pattern" --include='*.cpp' --include='*.h' "$@" 2>/dev/null | grep -vE "$except" || true)
  [ -z "$found" ] && return
  echo "$found" | sed "s|\$|   <- $what|" >&2
  wrong=1
}
escaped='printable\(|quoted\(|one_line\(|excerpt\('
sources=()
for folder in tensor loaders networks nn quant apps; do [ -d $folder ] && sources+=("$folder"); done
look "a text for a stream: one_line() or printable()" \
  '(cout|cerr)[^;]*<< *[a-z_.]*(what\(\)|note|warning|reason|none_because|weights|network|\.output|\.data\.data|path|because|target)( *<<|;|\))' "$escaped" "${sources[@]}"
look "a JSON library's text: printable()" '(Json|exception)[a-z:]*& [a-z]+\) *\{ *fail\(.*what\(\)|not JSON: ", [a-z]+\.what' "$escaped" "${sources[@]}"
look "JSON from files: parse_json()" '[Jj]son::parse\(' 'tensor/json_text.h|loaders/checkpoints/safetensors.cpp|to_json\(' "${sources[@]}"
look "JSON in a message: excerpt()" '(fail|OCTET_CHECK|": ",|", ").*\.dump\(\)' "$escaped" "${sources[@]}"
look "a backtracking matcher: RE2 (cmake/re2.cmake)" 'std::regex' '//' "${sources[@]}"
look "a pickle's, key's or record's name in quotes: quoted()" "'\", (key|name|entry\.key|entry->key|text|record)[,)].*(fail|CHECK)|(fail|CHECK).*'\", (key|entry\.key|entry->key|record|pattern)[,)]" "$escaped|its (attribute|argument)|kCardKey|metadata '" loaders networks quant/formats quant/qconfig nn/module.cpp
[ $wrong -eq 0 ] && echo "text of files is escaped"
exit $wrong
