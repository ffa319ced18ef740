"""Adaptation as a program: two processes learn what one does, and a killed run goes on to the same bytes.
Usage: adapt_test.py WOOTZ ZOO, where ZOO is the small zoo of examples/"""

import array
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

SIDE = 32
ITEMS = 64
RECIPE = """merge_method: METHOD
base_model: ZOO/models/base
models:
  - {model: ZOO/models/mnist, task: mnist}
  - {model: ZOO/models/eurosat, task: eurosat}
parameters: {init: 0.3}
adapt: {tasks: tasks.yml, steps: 14, batch_size: 8, batches_per_step: 2, lr: 5.0e-3, checkpoint_steps: 3, GUARD
        objective: {entropy: 0.5, balance: 0.2, agreement: 1}}
"""


def write_data(name: str, classes: int, seed: int) -> None:
    """Images of noise of a brightness for each class."""
    rng = random.Random(seed)
    folder = pathlib.Path("data") / name
    folder.mkdir(parents=True)
    labels = bytes(i % classes for i in range(ITEMS))
    pixels = b"".join(bytes(min(255, 20 * label + rng.randrange(80)) for _ in range(SIDE * SIDE)) for label in labels)
    (folder / "test-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, ITEMS, SIDE, SIDE) + pixels)
    (folder / "test-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, ITEMS) + labels)


def coefficients(folder: str) -> list[float]:
    """What AdaMerging has learned."""
    rows = re.findall(r"^ +\S+: \[(.*)\]$", pathlib.Path(folder, "coefficients.yml").read_text(), re.MULTILINE)
    assert len(rows) > 50
    return [float(value) for row in rows for value in row.split(",")]


def routers(folder: str) -> list[float]:
    """What WEMoE has learned."""
    data = pathlib.Path(folder, "experts.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    values = array.array("f")
    for name, tensor in json.loads(data[8:8 + size]).items():
        if name.startswith("routers."):
            begin, end = tensor["data_offsets"]
            values.frombytes(data[8 + size + begin:8 + size + end])
    assert len(values) > 50_000
    return list(values)


# How far two processes may be from one. Adam makes whole steps of gradients that are nothing but rounding, which some
# weights of routers have.
# A guard keeps routers where they start here: so few items teach them nothing.
GUARD = {"adamerging": "guard: {every: 5, items: 16},", "wemoe": ""}
METHODS = {"adamerging": (coefficients, 1e-5, ("model.safetensors", "coefficients.yml")),
           "wemoe": (routers, 1e-4, ("model.safetensors", "experts.safetensors"))}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_processes(wootz: str, count: int, out: str) -> None:
    common = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    command = [wootz, "adapt", "recipe.yml", out, "--quiet", "--threads", "1"]
    processes = [subprocess.Popen(command, env=os.environ | common | {"RANK": str(rank)}) for rank in range(count)]
    codes = [process.wait(timeout=200) for process in processes]
    assert codes == [0] * count, codes


def check_processes(wootz: str, method: str) -> None:
    learned, tolerance, _ = METHODS[method]
    run_processes(wootz, 1, "one")
    run_processes(wootz, 2, "two")
    one, two = learned("one"), learned("two")
    subprocess.run([wootz, "adapt", "recipe.yml", "start", "--quiet", "--steps", "0"], check=True)
    moved = max(abs(a - b) for a, b in zip(one, learned("start"), strict=True))
    assert moved > 1e-2, f"next to nothing was learned: {moved}"
    largest = max(abs(a - b) for a, b in zip(one, two, strict=True))
    assert largest < tolerance, f"what two processes learned differs by {largest}"
    print(f"{method}: two processes within {largest:.1e} of one")


def check_kill(wootz: str, method: str) -> None:
    command = [wootz, "adapt", "recipe.yml", "killed", "--quiet", "--threads", "1"]
    process = subprocess.Popen(command)
    log = pathlib.Path("killed.wootz-partial/wootz-adapt.jsonl")
    while process.poll() is None and not (log.exists() and log.read_text().count('"loss"') >= 7):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not os.path.exists("killed"), "the run was too fast to be killed"
    done = subprocess.run([*command, "--json"], check=True, stdout=subprocess.PIPE)
    resumed = json.loads(done.stdout)["resumed_at"]
    assert resumed in (6, 9, 12), resumed
    for name in (*METHODS[method][2], "wootz-adapt.jsonl"):
        assert pathlib.Path("killed", name).read_bytes() == pathlib.Path("one", name).read_bytes(), name
    print(f"{method}: killed and resumed at step {resumed}: the same bytes")


def main(wootz: str, zoo: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        tasks = [f"  - {{name: {task}, data: {{format: idx, path: data/{task}, split: test}}, "
                 f"head: {zoo}/heads/{task}.safetensors}}\n" for task in ("mnist", "eurosat")]
        pathlib.Path("tasks.yml").write_text("tasks:\n" + "".join(tasks))
        for seed, task in enumerate(("mnist", "eurosat")):
            write_data(task, 10, seed)
        for method in METHODS:
            pathlib.Path("recipe.yml").write_text(RECIPE.replace("ZOO", zoo).replace("METHOD", method).replace("GUARD", GUARD[method]))
            check_processes(wootz, method)
            check_kill(wootz, method)
            for out in ("one", "two", "start", "killed"):
                shutil.rmtree(out)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
