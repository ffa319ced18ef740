#!/usr/bin/env bash
# tools/demo.sh WOOTZ OUT: a tour of Wootz on the small zoo. Everything it writes goes to OUT.
set -euo pipefail
cd "$(dirname "$0")/.."

wootz=$1
out=$2
recipes=examples/recipes
zoo=examples/zoo/models
experts=("$zoo/mnist" "$zoo/eurosat" "$zoo/gtsrb" "$zoo/fashion-mnist")

title() {
  printf '\n== %s\n' "$*"
}

show() {
  printf '$ %s\n' "$*"
  "$@"
}

rm -rf "$out"
mkdir -p "$out"

title "The models: a base and four experts fine-tuned from it"
show "$wootz" inspect --base "$zoo/base" "${experts[@]}"

title "A plan: what a merge would do, from the headers alone"
show cat "$recipes/ties.yml"
show "$wootz" plan "$recipes/ties.yml"

title "The merge itself, with progress"
show "$wootz" merge "$recipes/ties.yml" "$out/ties"

title "The same models by other methods"
for name in average task_arithmetic dare_ties breadcrumbs awd_task_arithmetic model_stock; do
  show "$wootz" merge --quiet "$recipes/$name.yml" "$out/$name"
done

title "What came out: a model directory, its recipe, a model card, and a manifest"
show ls -l "$out/ties"
show "$wootz" verify "$out/ties"

title "How far from the base each merge went, and how alike the merges are"
show "$wootz" inspect --base "$zoo/base" "$out/average" "$out/task_arithmetic" "$out/ties" "$out/awd_task_arithmetic"

cat <<NEXT

Done. The merged models are in $out; transformers loads each with from_pretrained.
What to try next:
  $wootz methods                      every method, and "$wootz methods ties" for one
  $wootz merge $recipes/analogy.yml $out/analogy
                                          task analogies; $recipes/README.md lists the recipes
  edit a copy of $recipes/ties.yml    to merge your own checkpoints: any Hugging Face directories
  make test                               the tests
NEXT
