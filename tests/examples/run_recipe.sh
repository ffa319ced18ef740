#!/usr/bin/env bash
# run_recipe.sh WOOTZ RECIPE OUT: plans, merges and verifies one recipe; then merges it again another way (one thread,
# little memory) and wants the same bytes.
set -euo pipefail

wootz=$1
recipe=$2
out=$3

rm -rf "$out"
mkdir -p "$out"
"$wootz" plan "$recipe" >"$out/plan.txt"
"$wootz" merge "$recipe" "$out/merged" --quiet --threads 2
"$wootz" verify "$out/merged"
"$wootz" merge "$recipe" "$out/again" --quiet --threads 1 --max-memory 64MiB
cmp "$out/merged/model.safetensors" "$out/again/model.safetensors"

# The files beside the weights are the base's (or first model's), byte for byte.
zoo=$(dirname "$recipe")/../zoo/models
cmp "$out/merged/preprocessor_config.json" "$zoo/base/preprocessor_config.json"
for file in config.json README.md wootz-manifest.json; do
  [[ -s $out/merged/$file ]] || { echo "no $file" >&2; exit 1; }
done
