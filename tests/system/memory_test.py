"""Merges files twenty times larger than --max-memory, one tensor alone larger than it, and measures the peak.
Usage: memory_test.py WOOTZ"""

import os
import sys
import tempfile

from checkpoints import write_checkpoint

MIB = 1 << 20
LIMIT = 64 * MIB
RECIPES = {
    "ties": "merge_method: ties\nparameters: {weight: 0.5, density: 0.4}\n",
    "ties over the whole model": "merge_method: ties\nparameters: {weight: 0.5, density: 0.4, scope: model}\n",
    "della": "merge_method: della\nparameters: {weight: 0.5, density: 0.4}\n",
    "awd": "merge_method: task_arithmetic\nparameters: {weight: 0.5}\ntask_vectors: [awd]\n",
}
MODELS = "base_model: base\nmodels: [{model: a}, {model: b}]\n"


def peak_memory(command):
    """Peak resident bytes of the command, mapped file pages included."""
    pid = os.fork()
    if pid == 0:
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, f"{' '.join(command)} ended with {status}"
    return usage.ru_maxrss * 1024


def main(wootz):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        tensors = {"embed.weight": (70000, 1024), "layers.0.weight": (37000, 1024), "layers.1.weight": (8000, 4096)}
        for seed, name in enumerate(["base", "a", "b"]):
            write_checkpoint(name, tensors, seed)
        files = sum(os.path.getsize(f"{name}/model.safetensors") for name in ["base", "a", "b"])
        assert files > 20 * LIMIT and 70000 * 1024 * 4 > 4 * LIMIT
        for name, text in RECIPES.items():
            with open("recipe.yml", "w") as file:
                file.write(text + MODELS)
            peak = peak_memory([wootz, "merge", "recipe.yml", "out", "--max-memory", "64MiB", "--no-sync", "--quiet", "--overwrite"])
            print(f"{name}: {files / MIB:.0f} MiB of input, peak {peak / MIB:.0f} MiB of {LIMIT / MIB:.0f} MiB allowed")
            assert peak <= LIMIT, f"{name}: {peak} bytes are more than --max-memory allows"


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
