"""Kills a merge at random moments, a hundred times, and finishes it: the output is there whole or not at all, and its
bytes are always the same. Usage: kill_test.py WOOTZ"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from checkpoints import write_checkpoint

KILLS = 100
RECIPE = """merge_method: ties
base_model: base
models:
  - {model: a, parameters: {weight: 0.5, density: 0.4}}
  - {model: b, parameters: {weight: 0.5, density: 0.6}}
"""


def contents(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def main(wootz):
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        tensors = {f"layers.{i}.weight": (300, 700) for i in range(6)} | {"bias": (700,)}
        for seed, name in enumerate(["base", "a", "b"]):
            write_checkpoint(name, tensors, seed)
        with open("recipe.yml", "w") as file:
            file.write(RECIPE)
        command = [wootz, "merge", "recipe.yml", "out", "--out-shard-size", "2000000", "--threads", "2", "--quiet"]
        began = time.monotonic()
        subprocess.run(command, check=True)
        duration = time.monotonic() - began
        expected = contents("out")
        assert "model.safetensors.index.json" in expected
        shutil.rmtree("out")

        killed = finished = resumed = 0
        while killed < KILLS:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, duration * 1.1))
            process.send_signal(signal.SIGKILL)
            code = process.wait()
            if os.path.exists("out"):
                assert contents("out") == expected, "an output that appeared differs"
                finished += 1
                if os.path.exists("out.wootz-partial"):  # killed while it cleaned up
                    subprocess.run(command, check=True)
                    assert contents("out") == expected and not os.path.exists("out.wootz-partial")
                shutil.rmtree("out")
            if code == -signal.SIGKILL:
                killed += 1
            resumed += os.path.exists("out.wootz-partial")
            # Now and then let one finish, so that kills also meet merges that go on from different points.
            if rng.random() < 0.4:
                subprocess.run(command, check=True)
                assert contents("out") == expected, f"after {killed} kills the bytes differ"
                assert not os.path.exists("out.wootz-partial")
                shutil.rmtree("out")
        print(f"{killed} kills, {resumed} left work to resume, {finished} came after the output had appeared")
        assert resumed > KILLS // 4, "the kills came too early or too late to mean anything"


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
