#!/usr/bin/env python3
"""Times wootz and FusionBench on methods that work on singular vectors: a base and 8 experts of ViT-B/32's size.

Both run in one session with the inputs in the page cache, one after the other, --repeat times; the ratio is the median
of the pairs. FusionBench's seconds are those of loading, merging and saving, without its imports; wootz's are the whole
process's. The outputs are compared too. Exits 1 if a target is missed.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

import harness

METHODS = ("iso_c", "tsv_m")
TIMES_FASTER = 5.0  # at least
OF_THE_MEMORY = 0.25  # at most


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build-bench"))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench-data/clip"))
    parser.add_argument("--python", type=pathlib.Path, default=pathlib.Path(".venv-peers/bin/python"))
    parser.add_argument("--only", help="methods, comma-separated")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--without-peer", action="store_true", help="wootz alone")
    return parser.parse_args()


def experts_of(models: pathlib.Path) -> list[pathlib.Path]:
    return sorted(folder for folder in models.iterdir() if folder.name != "base")


def write_recipe(method: str, models: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    lines = [f"merge_method: {method}", f"base_model: {models}/base", "parameters: {lambda: 1.0}", "models:"]
    path.write_text("\n".join([*lines, *(f"  - {{model: {folder}}}" for folder in experts_of(models))]) + "\n")
    return path


def main() -> int:
    arguments = parse_arguments()
    models = arguments.data / "models"
    if not models.exists():
        maker = pathlib.Path(__file__).with_name("make_clip_experts.py")
        subprocess.run([arguments.python, maker, arguments.data], check=True)
    wanted = arguments.only.split(",") if arguments.only else METHODS
    log = arguments.data / "log"
    out, peer_out = arguments.data / "out", arguments.data / "peer-out"
    files = [folder / "model.safetensors" for folder in [models / "base", *experts_of(models)]]
    print(harness.machine())
    peer_script = pathlib.Path(__file__).with_name("subspace_peer.py")
    missed = False
    for method in wanted:
        recipe = write_recipe(method, models, arguments.data / f"{method}.yml")
        ratios, memory = [], []
        for _ in range(arguments.repeat):
            harness.warm_page_cache(files)
            shutil.rmtree(out, ignore_errors=True)
            ours = harness.run([arguments.build / "wootz", "merge", recipe, out, "--quiet"], log)
            if ours.status != 0:
                sys.exit(f"subspace_bench: {method}: {ours.output}")
            print(f"{method}: wootz {ours.seconds:.2f} s, {ours.peak_mib:.0f} MiB", flush=True)
            if arguments.without_peer:
                continue
            peer = harness.run([arguments.python, peer_script, method, models, peer_out], log)
            if peer.status != 0:
                sys.exit(f"subspace_bench: FusionBench, {method}: {peer.output}")
            seconds = json.loads(peer.output.splitlines()[-1])["seconds"]
            print(f"{method}: FusionBench {seconds:.2f} s ({peer.seconds:.2f} with imports), {peer.peak_mib:.0f} MiB")
            ratios.append(seconds / ours.seconds)
            memory.append(ours.peak_mib / peer.peak_mib)
        if not ratios:
            continue
        faster, share = statistics.median(ratios), statistics.median(memory)
        missed |= faster < TIMES_FASTER or share > OF_THE_MEMORY
        apart = subprocess.check_output([arguments.python, peer_script, "compare", out, peer_out, models / "base"])
        print(f"{method}: {faster:.1f} times faster (at least {TIMES_FASTER:.0f}), {share:.2f} of the memory "
              f"(at most {OF_THE_MEMORY}), outputs {float(apart):.1e} of the largest change apart", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
