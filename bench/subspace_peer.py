#!/usr/bin/env python3
"""The FusionBench side of subspace_bench.py: its own Iso-C or TSV-M. Prints one JSON line.

subspace_peer.py METHOD MODELS OUT, run by .venv-peers/bin/python: MODELS holds `base` and experts; the merged model is
saved to OUT. `seconds` are those of loading, merging and saving, without the imports.

subspace_peer.py compare OURS THEIRS BASE: the largest of the tensors' |ours - theirs| / |theirs - base|.
"""

import contextlib
import json
import pathlib
import sys
import time

import torch
from safetensors.torch import load_file
from transformers import CLIPVisionModelWithProjection

from fusion_bench.method.isotropic_merging import ISO_C_Merge
from fusion_bench.method.task_singular_vector import TaskSingularVectorMerging


class Pool:
    """The part of FusionBench's model pools that its algorithms use."""

    def __init__(self, models):
        self.models = models
        self.model_names = sorted(folder.name for folder in models.iterdir() if folder.name != "base")

    def load_model(self, name):
        folder = self.models / ("base" if name == "_pretrained_" else name)
        return CLIPVisionModelWithProjection.from_pretrained(folder)

    def load_pretrained_model(self):
        return self.load_model("_pretrained_")


def algorithm(method, excluded):
    if method == "iso_c":
        return ISO_C_Merge(scaling_factor=1.0, exclude_keys=excluded)
    return TaskSingularVectorMerging(alpha=1.0, exclude_keys=excluded)


def compare(ours, theirs, base):
    ours, theirs, base = (load_file(folder + "/model.safetensors") for folder in (ours, theirs, base))
    changes = {name: (theirs[name] - base[name]).norm() for name in ours}
    print(max(float((ours[name] - theirs[name]).norm() / changes[name]) for name in ours if changes[name] > 0))


def main():
    if sys.argv[1] == "compare":
        return compare(*sys.argv[2:])
    method, models, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    pool = Pool(models)
    # Embeddings are no matrices to wootz either.
    excluded = [name for name in pool.load_pretrained_model().state_dict() if "embed" in name]
    begin = time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr), torch.no_grad():
        merged = algorithm(method, excluded).run(pool)
        merged.save_pretrained(out)
    print(json.dumps({"seconds": time.perf_counter() - begin}))


if __name__ == "__main__":
    main()
