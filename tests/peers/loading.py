"""transformers must load what wootz writes, whole and sharded, and shards must be named and indexed as its own are."""

import json
import pathlib
import re

import programs
import torch
from cases import each
from checkpoints import ARCHITECTURES, EXPERTS

SHARD_BYTES = 60_000


def recipe_of(folder: pathlib.Path) -> dict:
    return {
        "merge_method": "task_arithmetic",
        "base_model": str(folder / "base"),
        "models": [{"model": str(folder / name), "parameters": each()[name]} for name in EXPERTS],
    }


def load_complaints(architecture: str, out: pathlib.Path) -> list[str]:
    kind = type(ARCHITECTURES[architecture]())
    network, report = kind.from_pretrained(out, output_loading_info=True, dtype="auto")
    complaints = [f"{what}: {sorted(names)[:5]}" for what, names in report.items() if names]
    stored, _ = programs.read(out)
    for name, value in network.state_dict().items():
        if not torch.isfinite(value).all():
            complaints.append(f"{name} is not finite")
        if name in stored and not (value.double().numpy() == stored[name]).all():
            complaints.append(f"{name} was loaded with other values")
    return complaints


def shard_complaints(ours: pathlib.Path, reference: pathlib.Path) -> list[str]:
    """`reference` is the same model saved by transformers with the same shard size."""
    index_name = "model.safetensors.index.json"
    our_index = json.loads((ours / index_name).read_text())
    their_index = json.loads((reference / index_name).read_text())
    complaints = []
    if our_index["metadata"]["total_size"] != their_index["metadata"]["total_size"]:
        complaints.append("total_size differs from transformers'")
    if our_index["weight_map"].keys() != their_index["weight_map"].keys():
        complaints.append("the index lists other tensors than transformers'")
    names = sorted(set(our_index["weight_map"].values()))
    on_disk = sorted(path.name for path in ours.glob("*.safetensors"))
    wanted = [f"model-{i + 1:05}-of-{len(names):05}.safetensors" for i in range(len(names))]
    if names != wanted or on_disk != wanted:
        complaints.append(f"shards are named {on_disk[:3]}, the index says {names[:3]}")
    pattern = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
    if not all(pattern.fullmatch(path.name) for path in reference.glob("*.safetensors")):
        complaints.append("transformers names its shards differently now")
    return complaints


def check(architecture: str, folder: pathlib.Path, wootz: pathlib.Path, scratch: pathlib.Path) -> list[str]:
    complaints = []
    for dtype in ("float32", "bfloat16"):
        inputs = folder / dtype
        out = scratch / "whole"
        programs.run_wootz(wootz, recipe_of(inputs), out)
        complaints += [f"{dtype}: {text}" for text in load_complaints(architecture, out)]
        if (out / "config.json").read_bytes() != (inputs / "base" / "config.json").read_bytes():
            complaints.append(f"{dtype}: config.json is not the base's")

        sharded = scratch / "sharded"
        programs.run_wootz(wootz, recipe_of(inputs), sharded, "--out-shard-size", f"{SHARD_BYTES // 1000}KB")
        complaints += [f"{dtype}, sharded: {text}" for text in load_complaints(architecture, sharded)]
        kind = type(ARCHITECTURES[architecture]())
        kind.from_pretrained(out, dtype="auto").save_pretrained(scratch / "reference", max_shard_size=SHARD_BYTES)
        complaints += [f"{dtype}, sharded: {text}" for text in shard_complaints(sharded, scratch / "reference")]
    return complaints
