#!/usr/bin/env bash
# tools/run_fuzzers.sh BUILD SECONDS: runs every fuzz target of a fuzz build for that long, one after the other. New
# inputs go to BUILD/corpus, not to fuzz/corpus; a crash stops the run and its input is left in BUILD/crashes.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1
seconds=$2
mkdir -p "$build/crashes"

mapfile -t targets < <(find "$build/fuzz" -maxdepth 1 -name '*_fuzz' -type f -executable | sort)
if ((${#targets[@]} == 0)); then
  echo "run_fuzzers: no fuzz target in $build/fuzz" >&2
  exit 1
fi

for target in "${targets[@]}"; do
  name=$(basename "$target")
  found="$build/corpus/$name"
  mkdir -p "$found"
  seeds=()
  [[ -d fuzz/corpus/${name%_fuzz} ]] && seeds=("fuzz/corpus/${name%_fuzz}")
  echo "== $name for $seconds s"
  "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$name-" "$found" "${seeds[@]}"
done
