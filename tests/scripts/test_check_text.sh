#!/usr/bin/env bash
# scripts/check_text.sh accepts octet's sources, and finds each kind of line that lets text through. Usage: test_check_text.sh SOURCE WORK
set -euo pipefail
source=$1 work=$2
"$source/scripts/check_text.sh" >/dev/null
finds() {
  rm -rf "$work"
  mkdir -p "$work/apps"
  echo "$1" >"$work/apps/a.cpp"
  if "$source/scripts/check_text.sh" "$work" >/dev/null 2>&1; then echo "not found: $1" >&2; exit 1; fi
}
finds 'std::cerr << "error: " << error.what() << "\n";'
finds 'for (const std::string& note : notes) std::cerr << "note: " << note << "\n";'
finds 'std::cout << o.data.weights << ": " << model.description;'
finds 'const auto json = nlohmann::json::parse(text);'
finds 'OCTET_CHECK(j.is_object(), where, ": expected an object, got ", j.dump());'
finds 'const std::regex compiled(pattern);'
rm -rf "$work"
mkdir -p "$work/apps"
echo 'std::cerr << "error: " << one_line(error.what()) << "\n";' >"$work/apps/a.cpp"
"$source/scripts/check_text.sh" "$work" >/dev/null
