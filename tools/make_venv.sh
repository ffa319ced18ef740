#!/usr/bin/env bash
# tools/make_venv.sh FOLDER REQUIREMENTS: a fresh virtual environment with exactly the packages listed.
set -euo pipefail

folder=$1
requirements=$2
python=/usr/bin/python3
[[ -x $python ]] || python=python3

rm -rf "$folder"
"$python" -m venv "$folder"
# The list is complete by itself. What the packages declare would bring gigabytes more that a CPU never uses.
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r "$requirements"
