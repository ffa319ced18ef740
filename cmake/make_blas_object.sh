#!/usr/bin/env bash
# make_blas_object.sh ARCHIVE OBJECT: what src/wootz/linalg needs of OpenBLAS, as one object without public names.
set -euo pipefail
archive=$1
object=$2

# The routines of linalg/blas.h. Each is called wootz_<name> in the object.
routines=(sgemm_ dgemm_ ssyevd_ dsyevd_ ssytrd_ dsytrd_ ssterf_ dsterf_ sstemr_ dstemr_ sormtr_ dormtr_ spotrf_ dpotrf_
  strsm_ dtrsm_ openblas_get_corename)
# What the object asks of the program, under the names in linalg/blas.cpp: its settings, the one function of the Fortran
# library that it calls, and memory. Built without threads, OpenBLAS gives two threads the same memory.
asked=(getenv _gfortran_concat_string)
wrapped=(blas_memory_alloc blas_memory_free)
# Kernels for processors that these three cannot stand for are left out: they are five sixths of the library.
kept='PRESCOTT|HASWELL|SKYLAKEX'

symbols=$(nm "$archive" 2>/dev/null)
if ! grep -q ' T gotoblas_dynamic_init' <<<"$symbols"; then
  echo "it is not OpenBLAS, or made for one processor only (DYNAMIC_ARCH=0)" >&2
  exit 1
fi

wanted=() renamed=() global=()
for routine in "${routines[@]}"; do
  wanted+=(-u "$routine")
  renamed+=(--redefine-sym "$routine=wootz_$routine")
  global+=(--keep-global-symbol="wootz_$routine")
done
for name in "${asked[@]}"; do renamed+=(--redefine-sym "$name=wootz_blas_${name#_}"); done
wraps=()
for name in "${wrapped[@]}"; do
  wraps+=("--wrap=$name")
  renamed+=(--redefine-sym "__wrap_$name=wootz_$name")
done
dropped=()
while read -r core; do dropped+=("--defsym=$core=gotoblas_PRESCOTT"); done < <(
  awk '$1 == "U" && $2 ~ /^gotoblas_[A-Z0-9_]+$/ { print $2 }' <<<"$symbols" | sort -u | grep -Evx "gotoblas_($kept)")

mkdir -p "$(dirname "$object")"
ld -r "${wanted[@]}" "${dropped[@]}" "${wraps[@]}" "$archive" -o "$object.tmp"
objcopy "${renamed[@]}" "$object.tmp"
objcopy "${global[@]}" "$object.tmp"
mv "$object.tmp" "$object"
