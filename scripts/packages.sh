#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that octet needs and that are missing. Usage: packages.sh [more packages ...]
set -euo pipefail
packages=(g++ cmake ninja-build libopenblas-openmp-dev libjpeg-dev libssl-dev libwebp-dev libstb-dev zlib1g-dev libre2-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev "$@")
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || { echo "error: missing packages (${missing[*]}) and no apt-get to install them with" >&2; exit 1; }
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)
echo "installing: ${missing[*]}" >&2
"${root[@]}" apt-get update -q >&2
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
