"""Runs both programs on a recipe and reads what they wrote."""

import contextlib
import io
import json
import pathlib
import shutil
import subprocess

import numpy as np
import torch
import yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions
from safetensors import safe_open


def run_wootz(wootz: pathlib.Path, recipe: dict, out: pathlib.Path, *options: str) -> None:
    """Raises RuntimeError with wootz's message when it fails."""
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    file = out.with_suffix(".yml")
    file.write_text(yaml.safe_dump(recipe, sort_keys=False))
    done = subprocess.run(
        [wootz, "merge", file, out, "--quiet", *options], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()}")


def run_mergekit(recipe: dict, out: pathlib.Path, seed: int = 1) -> None:
    """In this process (mergekit-yaml does no more than this, and takes seconds to start)."""
    shutil.rmtree(out, ignore_errors=True)
    options = MergeOptions(quiet=True, random_seed=seed, copy_tokenizer=False, write_model_card=False)
    with contextlib.redirect_stdout(io.StringIO()):
        run_merge(MergeConfiguration.model_validate(recipe), str(out), options)


def weight_files(folder: pathlib.Path) -> list[pathlib.Path]:
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return [folder / "model.safetensors"]
    names = set(json.loads(index.read_text())["weight_map"].values())
    return [folder / name for name in sorted(names)]


def read(folder: pathlib.Path) -> tuple[dict[str, np.ndarray], set[torch.dtype]]:
    """All tensors as float64, and the dtypes they were stored in."""
    tensors = {}
    dtypes = set()
    for file in weight_files(folder):
        with safe_open(file, "pt") as opened:
            for name in opened.keys():
                tensor = opened.get_tensor(name)
                dtypes.add(tensor.dtype)
                tensors[name] = tensor.double().numpy()
    return tensors, dtypes
