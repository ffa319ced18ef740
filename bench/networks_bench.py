#!/usr/bin/env python3
"""Times evaluation and fine-tuning against PyTorch eager (transformers) on the same data and libtorch, in one session.

networks_bench.py --build build [--zoo FOLDER] [--only NAME,...]. Data loading is included on both sides; start-up and
loading of the model are not. PyTorch runs with the faster of its attention implementations and of no or one loader
worker, with mimalloc. Every pair runs --repeat times, one side after the other; the ratio is the median of the pairs.
Exits 1 if a target is missed.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

MIMALLOC = "/usr/lib/x86_64-linux-gnu/libmimalloc.so.2"
# name: (job, model, precision, batch, least ratio)
CASES = {
    "eval zoo f32": ("eval", "zoo", "float32", 128, 1.0),
    "eval zoo bf16": ("eval", "zoo", "bfloat16", 128, 1.0),
    "eval B/32 f32": ("eval", "b32", "float32", 32, 1.0),
    "eval B/32 bf16": ("eval", "b32", "bfloat16", 32, 1.0),
    "step zoo f32": ("train", "zoo", "float32", 128, 1.5),
    "step zoo bf16": ("train", "zoo", "bfloat16", 128, 1.5),
    "step B/32 f32": ("train", "b32", "float32", 32, 1.0),
    "step B/32 bf16": ("train", "b32", "bfloat16", 32, 1.0),
}
IMAGES = 160
MAKE_B32 = """
import sys, pathlib, torch, numpy as np
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
root = pathlib.Path(sys.argv[1]); count = int(sys.argv[2])
torch.manual_seed(0)
config = CLIPVisionConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
                          patch_size=32, image_size=224, projection_dim=512)
CLIPVisionModelWithProjection(config).save_pretrained(root / "model")
head = torch.randn(4, 512)
save_file({"weight": head / head.norm(dim=-1, keepdim=True)}, root / "head.safetensors", metadata={"logit_scale": "25"})
generator = np.random.default_rng(0)
for index in range(count):
    folder = root / "images/test" / f"class{index % 4}"
    folder.mkdir(parents=True, exist_ok=True)
    coarse = Image.fromarray(generator.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    coarse.resize((500, 375), Image.BICUBIC).save(folder / f"{index:04}.jpg", quality=90)
"""


def environment(**more):
    return {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", **more}


class Setup:
    def __init__(self, arguments):
        if not pathlib.Path(MIMALLOC).exists():  # the loader would only warn, and PyTorch run without it
            sys.exit(f"networks_bench: {MIMALLOC} is missing: install the group [bench] of apt-packages.txt")
        self.python = str(pathlib.Path(".venv-peers/bin/python").absolute())
        self.wootz = arguments.build / "wootz"
        self.root = arguments.data
        self.zoo = arguments.zoo
        if not (self.root / "images").exists():
            self.root.mkdir(parents=True, exist_ok=True)
            subprocess.run([self.python, "-c", MAKE_B32, str(self.root), str(IMAGES)], check=True,
                           env=environment(), stderr=subprocess.DEVNULL)

    def of(self, model):
        """(model, data, format, head) of a case."""
        if model == "zoo":
            return (self.zoo / "models/base", self.zoo / "data/mnist", "idx", self.zoo / "heads/mnist.safetensors")
        return (self.root / "model", self.root / "images", "imagefolder", self.root / "head.safetensors")

    def write_files(self, model, precision, batch, steps):
        path, data, kind, head = self.of(model)
        task = {"name": "t", "data": {"format": kind, "path": str(data), "split": "test"}, "head": str(head)}
        (self.root / "tasks.yml").write_text(json.dumps({"tasks": [task]}))
        train = {"split": "train" if kind == "idx" else "test", "steps": steps, "batch_size": batch,
                 "learning_rate": 2e-4, "precision": precision, "checkpoint_steps": 0}
        if kind == "idx":
            train["augment"] = {"shift": 2}
        (self.root / "train.yml").write_text(
            json.dumps({"base_model": str(path), "tasks": "tasks.yml", "task": "t", "train": train}))


def run_json(command, **more):
    done = subprocess.run([str(part) for part in command], check=True, env=environment(**more), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)


def wootz_rate(setup, job, model, precision, batch, steps):
    setup.write_files(model, precision, batch, steps)
    if job == "train":
        out = run_json([setup.wootz, "finetune", setup.root / "train.yml", setup.root / "out", "--overwrite", "--json"])
        return batch * out["steps"] / out["seconds"], out["waited_for_data"] / out["seconds"]
    out = run_json([setup.wootz, "eval", setup.of(model)[0], "--tasks", setup.root / "tasks.yml", "--batch-size", batch,
                    "--precision", precision, "--timing", "--json"])
    task = out["results"][0]["tasks"]["t"]
    return task["n"] / task["seconds"], task["waited_for_data"] / task["seconds"]


def torch_rate(setup, job, model, precision, batch, steps, attention, workers):
    path, data, kind, head = setup.of(model)
    out = run_json([setup.python, "bench/networks_peer.py", job, path, data, "--head", head, "--format", kind,
                    "--precision", precision, "--batch", batch, "--steps", steps, "--attention", attention,
                    "--workers", workers], LD_PRELOAD=MIMALLOC)
    return (batch * out["steps"] if job == "train" else out["items"]) / out["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--zoo", type=pathlib.Path, default=pathlib.Path(os.environ.get("WOOTZ_ZOO", "../shared/zoo")))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-networks"))
    parser.add_argument("--only", default="")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    arguments.zoo, arguments.data = arguments.zoo.absolute(), arguments.data.absolute()
    arguments.build = arguments.build.absolute()
    setup = Setup(arguments)
    missed = False
    print(f"{'':<16}{'wootz':>10}{'PyTorch':>10}{'ratio':>8}{'least':>8}  waited  PyTorch's best settings")
    for name, (job, model, precision, batch, least) in CASES.items():
        if arguments.only and name not in arguments.only.split(","):
            continue
        steps = 40 if model == "zoo" else 5
        common = (setup, job, model, precision, batch, steps)
        # Which settings suit PyTorch is found once.
        settings = [(attention, workers) for attention in ("sdpa", "eager") for workers in (0, 1)]
        best = max(settings, key=lambda each: torch_rate(*common, *each))
        pairs = []
        for _ in range(arguments.repeat):
            ours, waited = wootz_rate(*common)
            pairs.append((ours / torch_rate(*common, *best), ours, waited))
        ratio = statistics.median(pair[0] for pair in pairs)
        _, ours, waited = sorted(pairs)[len(pairs) // 2]
        missed |= ratio < least
        print(f"{name:<16}{ours:>8.0f}/s{ours / ratio:>8.0f}/s{ratio:>8.2f}{least:>8.1f}{waited:>8.1%}  "
              f"{best[0]}, {best[1]} workers", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
