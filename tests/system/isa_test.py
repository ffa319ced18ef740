"""The same merges with different instruction sets give the same files. Usage: isa_test.py WOOTZ"""

import os
import subprocess
import sys
import tempfile

from checkpoints import write_checkpoint
from kill_test import contents

RECIPES = {
    "ties": "merge_method: ties\nparameters: {weight: 0.5, density: 0.4}\n",
    "della": "merge_method: della\nparameters: {weight: 0.5, density: 0.4}\n",
    "awd": "merge_method: task_arithmetic\nparameters: {weight: 0.5}\ntask_vectors: [awd]\nout_dtype: bfloat16\n",
    "sce": "merge_method: sce\nparameters: {select_topk: 0.3}\nout_dtype: float16\n",
    "slerp": "merge_method: slerp\nparameters: {t: 0.3}\n",
}


def main(wootz):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        tensors = {"layers.0.weight": (301, 1003), "layers.1.weight": (7, 65536), "bias": (77,)}
        for seed, name in enumerate(["base", "a", "b"]):
            write_checkpoint(name, tensors, seed, "BF16" if name == "b" else "F32")
        for name, text in RECIPES.items():
            models = "[{model: a}]" if name == "slerp" else "[{model: a}, {model: b}]"
            with open("recipe.yml", "w") as file:
                file.write(text + f"base_model: base\nmodels: {models}\n")
            expected = None
            for isa in ["scalar", "ssse3", "sse4", "avx2", "avx3", "avx3_dl"]:
                command = [wootz, "merge", "recipe.yml", "out", "--overwrite", "--no-sync", "--quiet"]
                subprocess.run(command, check=True, env={**os.environ, "WOOTZ_FORCE_ISA": isa})
                expected = expected or contents("out")
                assert contents("out") == expected, f"{name}: {isa} differs from scalar"
            print(f"{name}: the same {len(expected)} files from every instruction set")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
