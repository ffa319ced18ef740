#!/usr/bin/env bash
# Installs what is missing of the named groups of apt-packages.txt. Quick, and silent, when nothing is.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# == 0)); then
  echo "usage: tools/install_packages.sh GROUP..." >&2
  exit 2
fi

packages_of() {
  awk -v group="[$1]" '/^\[/ { wanted = ($0 == group) } /^[a-z]/ && wanted' apt-packages.txt
}

wanted=()
for group in "$@"; do
  mapfile -t -O "${#wanted[@]}" wanted < <(packages_of "$group")
done

if ! command -v dpkg-query >/dev/null; then
  echo "install_packages: this is not Debian; assuming these are there: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install_packages: missing, and this is neither root nor is there sudo: ${missing[*]}" >&2
    echo "install_packages: run as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
