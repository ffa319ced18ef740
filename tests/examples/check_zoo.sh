#!/usr/bin/env bash
# check_zoo.sh PYTHON: examples/zoo is what tools/convert_zoo.py makes of the zoo at $WOOTZ_ZOO. Skipped (77) without it.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ ! -d ${WOOTZ_ZOO:-}/models/base ]]; then
  echo "WOOTZ_ZOO names no zoo: nothing to compare with"
  exit 77
fi
"$1" tools/convert_zoo.py "$WOOTZ_ZOO" examples/zoo --check
echo "examples/zoo is the F16 rounding of $WOOTZ_ZOO"
