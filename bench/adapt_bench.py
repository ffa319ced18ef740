#!/usr/bin/env python3
"""Times `wootz adapt` against FusionBench's AdaMerging on the same models, in one session: a base and 8 experts.

adapt_bench.py --build build-bench [--zoo FOLDER] [--only b32|zoo]. A step is a batch of 16 images of each task, then
the optimizer. One side runs after the other, --repeat times; the ratio is the median of the pairs. FusionBench runs in
f32, on images that lie ready in memory, with mimalloc and the fastest of its attention implementations and numbers of
threads. Memory is counted without pages of files, which the system could take back. Exits 1 if a target is missed; the
one for bf16 holds only where the processor multiplies bf16 matrices (amx_bf16), and bf16 is left out where it has no
bf16 at all.

--wemoe adds WEMoE: inference with routing for each sample beside the dense model, and steps, of both.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import harness
import memory_watch

MIMALLOC = "/usr/lib/x86_64-linux-gnu/libmimalloc.so.2"
PEER = ".venv-peers/bin/python"
# Of FusionBench's seconds in f32, at most; for the small zoo they are only reported.
SECONDS_TARGET = {("b32", "float32"): 0.6, ("b32", "bfloat16"): 0.3}
MEMORY_TARGET = {"b32": 0.5}
# WEMoE: inference beside the dense model's, a step beside AdaMerging's, and a step's bytes.
INFERENCE_TARGET, STEP_TARGET, STEP_MEMORY = 1.5, 2.0, 6e9
MEMORY_OF_ROUTED = "6GiB"  # on a GPU, what it has
# FusionBench runs with what suits it best, which is found once; on the small network that can be one thread.
SETTINGS = {"b32": (("--attention", "sdpa"), ("--attention", "eager")),
            "zoo": (("--attention", "sdpa"), ("--attention", "sdpa", "--threads", "1"),
                    ("--attention", "eager"), ("--attention", "eager", "--threads", "1"))}
LEARNING_RATE = {"adamerging": 1e-3, "wemoe": 1e-4}
BYTES_OF_B32 = 3.3e9
MIB = 2**20


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build-bench"))
    parser.add_argument("--zoo", type=pathlib.Path, default=pathlib.Path(os.environ.get("WOOTZ_ZOO", "../shared/zoo")))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-adapt"))
    parser.add_argument("--only", choices=["b32", "zoo"])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4, help="of each run; the first does not count")
    parser.add_argument("--batch", type=int, default=16, help="images of each task")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda, of both sides")
    parser.add_argument("--wemoe", action="store_true", help="WEMoE too")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    return parser.parse_args()


def b32(arguments):
    """The folder of the large experts, made once."""
    folder = arguments.data / "b32"
    if not folder.exists():
        arguments.data.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(arguments.data).free
        if free < 1.5 * BYTES_OF_B32:
            sys.exit(f"adapt_bench: {arguments.data} has {free / 1e9:.1f} GB free; that is too little for the models")
        print(f"Making 9 models of {BYTES_OF_B32 / 9e9:.1f} GB in {folder}", flush=True)
        part = arguments.data / "b32.part"
        harness.remove(part)
        run([PEER, "bench/make_clip_experts.py", part])
        part.rename(folder)
    return folder, folder / "tasks.yml"


def zoo(arguments):
    """The folder of the small experts, and a catalogue of their tasks."""
    root = arguments.zoo.absolute()
    tasks = [{"name": head.stem, "head": str(head),
              "data": {"format": "idx", "path": str(root / "data" / head.stem), "split": "test"}}
             for head in sorted(root.glob("heads/*.safetensors"))]
    arguments.data.mkdir(parents=True, exist_ok=True)
    catalogue = arguments.data / "zoo.yml"
    catalogue.write_text(json.dumps({"tasks": tasks}))
    return root, catalogue


def run(command, **more):
    """What a command prints, and the most memory (bytes, without pages of files) it had. Exits when it fails."""
    command = [str(part) for part in command]
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", **more}
    with subprocess.Popen(command, env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        peak = memory_watch.AnonymousPeak(process.pid)
        out, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"adapt_bench: exit {process.returncode} of {' '.join(command)}\n{errors[-3000:]}")
    return out, peak.stop()


def run_json(command, **more):
    """The figures a command prints; its peak is at least what was seen from here, the same way on both sides."""
    out, peak = run(command, **more)
    figures = json.loads(out)
    return {**figures, "peak_anonymous": max(peak, figures["peak_anonymous"])}


def ours(arguments, folder, catalogue, method, precision, *more, steps=None, keep=False):
    """The figures of one run of `wootz adapt`; `keep` leaves its output in arguments.data / "out"."""
    models = folder.absolute() / "models"
    names = [path.stem for path in sorted(folder.glob("heads/*.safetensors"))]
    adapt = {"preset": "fusionbench", "tasks": str(catalogue.absolute()), "split": "test", "steps": arguments.steps,
             "batch_size": arguments.batch, "learning_rate": LEARNING_RATE[method], "seed": 0, "precision": precision,
             "checkpoint_steps": 0}
    recipe = {"merge_method": method, "base_model": str(models / "base"),
              "models": [{"model": str(models / name), "task": name} for name in names],
              "parameters": {"init": 0.3}, "adapt": adapt}
    if method == "adamerging":
        recipe["parameters"] |= {"granularity": "layer", "clamp": False}
    path, out = arguments.data / "recipe.yml", arguments.data / "out"
    path.write_text(json.dumps(recipe, indent=2))  # JSON is YAML
    harness.remove(out)
    figures = run_json([arguments.build / "wootz", "adapt", path, out, "--json", "--device", arguments.device,
                        "--steps", arguments.steps if steps is None else steps, *more])
    if not keep:
        harness.remove(out)
    return figures


def peers(arguments, folder, method, *more):
    """The figures of one run of FusionBench."""
    command = [PEER, "bench/adapt_peer.py", folder / "models", folder / "heads", "--method", method,
               "--device", arguments.device, "--steps", arguments.steps, "--batch", arguments.batch, *more]
    return run_json(command, LD_PRELOAD=MIMALLOC)


def compare(arguments, name, folder, catalogue):
    """Runs all pairs: {precision: [(figures of ours, figures of the peer's)]}."""
    pairs = {"float32": []}
    if "bf16" in harness.machine() or arguments.device != "cpu":  # elsewhere it is emulated, and takes minutes
        pairs["bfloat16"] = []
    best = min(SETTINGS[name], key=lambda each: peers(arguments, folder, "adamerging", *each)["seconds"])
    print(f"{name}: FusionBench runs with {' '.join(best)}", file=sys.stderr)
    for repeat in range(arguments.repeat):
        peer = peers(arguments, folder, "adamerging", *best)
        for precision, done in pairs.items():
            done.append((ours(arguments, folder, catalogue, "adamerging", precision), peer))
            print(f"{repeat + 1}/{arguments.repeat} {name} {precision}: wootz {done[-1][0]['seconds_per_step']:.2f} s, "
                  f"FusionBench {peer['seconds']:.2f} s", file=sys.stderr)
    return pairs


def machine(arguments):
    """What both sides run on."""
    if arguments.device == "cpu":
        return harness.machine()
    names = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True)
    return f"{names.stdout.splitlines()[0]}; {harness.machine()}"


def row(name, precision, pairs, fast_bf16, device):
    """A line of the table, and whether the targets are met."""
    seconds = statistics.median(mine["seconds_per_step"] / peer["seconds"] for mine, peer in pairs)
    memory = statistics.median(mine["peak_anonymous"] / peer["peak_anonymous"] for mine, peer in pairs)
    target = SECONDS_TARGET.get((name, precision))
    memory_target = MEMORY_TARGET.get(name) if device == "cpu" else None  # of the processor's memory
    held = precision == "float32" or fast_bf16  # to its target of time
    good = (not target or not held or seconds <= target) and (not memory_target or memory <= memory_target)
    middle = [statistics.median(values) for values in zip(*(
        (mine["seconds_per_step"], peer["seconds"], mine["peak_anonymous"] / MIB, peer["peak_anonymous"] / MIB,
         mine["peak_memory"] / MIB, peer["peak_memory"] / MIB) for mine, peer in pairs))]
    cells = [f"{name} {precision}", f"{middle[0]:.3f}", f"{middle[1]:.3f}", f"{seconds:.2f}",
             "" if not target else f"{target:.1f}" if held else f"({target:.1f})",
             f"{middle[2]:.0f}", f"{middle[3]:.0f}", f"{memory:.2f}", f"{memory_target:.1f}" if memory_target else "",
             f"{middle[4]:.0f}", f"{middle[5]:.0f}", "yes" if good else "NO"]
    return cells, good


def seconds_of_evaluation(arguments, model, catalogue):
    """Of the network, on the data of two tasks in batches of --batch."""
    names = [task["name"] for task in json.loads(run([arguments.build / "wootz", "eval", model, "--tasks", catalogue,
                                                      "--max-items", 1, "--json", "-q"])[0])["results"][0]["tasks"]]
    command = [arguments.build / "wootz", "eval", model, "--tasks", catalogue, "--batch-size", arguments.batch,
               "--max-items", 64, "--timing", "--json", "-q", "--device", arguments.device]
    for name in names[:2]:
        command += ["--task", name]
    tasks = json.loads(run(command)[0])["results"][0]["tasks"].values()
    return sum(task["seconds"] - task["waited_for_data"] for task in tasks)


def memory_of_routed(arguments):
    return ("--max-memory", MEMORY_OF_ROUTED) if arguments.device == "cpu" else ()


def inference(arguments, folder, catalogue):
    """The routed network's time beside the dense one's: the median of the pairs."""
    ours(arguments, folder, catalogue, "wemoe", "float32", *memory_of_routed(arguments), steps=0, keep=True)
    ratios = [seconds_of_evaluation(arguments, arguments.data / "out", catalogue)
              / seconds_of_evaluation(arguments, folder / "models" / "base", catalogue)
              for _ in range(arguments.repeat)]
    harness.remove(arguments.data / "out")
    return statistics.median(ratios)


def wemoe(arguments, name, folder, catalogue):
    """A line about WEMoE, and whether the targets are met (those of the large size)."""
    ratio = inference(arguments, folder, catalogue)
    mine = ours(arguments, folder, catalogue, "wemoe", "float32", *memory_of_routed(arguments))
    plain = ours(arguments, folder, catalogue, "adamerging", "float32")
    peer = peers(arguments, folder, "wemoe", "--adapt")
    step = "killed" if peer["killed"] else f"{peer['seconds']:.3f}"
    step_ratio = mine["seconds_per_step"] / plain["seconds_per_step"]
    good = name != "b32" or (ratio <= INFERENCE_TARGET and step_ratio <= STEP_TARGET
                             and (arguments.device != "cpu" or mine["peak_anonymous"] <= STEP_MEMORY))
    return [name, f"{ratio:.2f}", f"{peer['inference_seconds'] / peer['dense_seconds']:.2f}",
            f"{mine['seconds_per_step']:.3f}", f"{step_ratio:.2f}", step, f"{mine['peak_anonymous'] / MIB:.0f}",
            f"{peer['peak_anonymous'] / MIB:.0f}", "yes" if good else "NO"], good


def main():
    arguments = parse_arguments()
    if not pathlib.Path(MIMALLOC).exists():  # the loader would only warn, and PyTorch run without it
        sys.exit(f"adapt_bench: {MIMALLOC} is missing: install the group [bench] of apt-packages.txt")
    cases = {name: make(arguments) for name, make in (("zoo", zoo), ("b32", b32)) if arguments.only in (None, name)}
    runs = {name: compare(arguments, name, *case) for name, case in cases.items()}
    fast_bf16 = "amx_bf16" in harness.machine() or arguments.device != "cpu"
    rows = [row(name, precision, pairs, fast_bf16, arguments.device)
            for name, both in runs.items() for precision, pairs in both.items()]

    print(f"\n{machine(arguments)}")
    print(f"AdaMerging, layer-wise, 8 tasks, {arguments.batch} images of each; {arguments.repeat} pairs, the median of "
          f"{arguments.steps - 1} steps\nMiB without pages of files, then with them; FusionBench 0.2.33 in f32\n")
    head = ["", "wootz s", "peer s", "ratio", "target", "MiB", "peer MiB", "ratio", "target", "RSS", "peer RSS", "met"]
    print(harness.table(head, [cells for cells, _ in rows]))
    if arguments.wemoe:
        lines = [wemoe(arguments, name, *case) for name, case in cases.items()]
        head = ["", "routed / dense", "peer's", "step s", "/ AdaMerging", "peer step s", "MiB", "peer MiB", "met"]
        print(f"\nWEMoE: inference in batches of {arguments.batch}, then a step (targets {INFERENCE_TARGET}, "
              f"{STEP_TARGET} and {STEP_MEMORY / MIB:.0f} MiB at the large size)\n")
        print(harness.table(head, [cells for cells, _ in lines]))
        rows += lines
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(arguments), "runs": runs}, indent=2) + "\n")
    return 0 if all(good for _, good in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
