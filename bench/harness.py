"""What the benchmarks share: the models, the recipes, and running one command with its time and peak memory."""

import dataclasses
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time

MODELS = ("base", "expert1", "expert2", "expert3")
FULL_LAYERS = 22
# One model of FULL_LAYERS is 2.2 GB.
BYTES_OF_ONE_MODEL = 2 * 1_100_048_384

LINES = pathlib.Path(__file__).resolve().parents[1] / "tests" / "cases" / "lines" / "speed.txt"


@dataclasses.dataclass(frozen=True)
class Case:
    """A line of tests/cases/lines/speed.txt; tests/cases/case_line.h describes them."""

    transforms: tuple[str, ...]
    method: str
    parameters: str  # of the method, for all models
    models: tuple[str, ...]
    times_the_floor: float  # at most

    @property
    def name(self) -> str:
        return "_".join([*(use.split()[0] for use in self.transforms), self.method])

    def recipe(self, models: pathlib.Path) -> str:
        lines = [f"merge_method: {self.method}"]
        if MODELS[0] not in self.models:
            lines.append(f"base_model: {models}/{MODELS[0]}")
        if self.transforms:
            lines.append("task_vectors:")
        for use in self.transforms:
            name, *settings = use.split()
            lines.append(f"  - {name}: {mapping(settings)}")
        lines += ["models:", *(f"  - {{model: {models}/{model}}}" for model in self.models)]
        return "\n".join([*lines, f"parameters: {self.parameters}", "dtype: bfloat16"]) + "\n"


def mapping(settings: list[str]) -> str:
    return "{" + ", ".join(setting.replace("=", ": ") for setting in settings) + "}"


def parse_case(line: str) -> Case:
    """With as many models as there are checkpoints the base is one of them, else it is the base."""
    pipeline, options = line.split(":")
    given = dict(option.split("=") for option in options.split())
    *transforms, method = pipeline.split(">")
    name, *settings = method.split()
    count = int(given.get("models", len(MODELS) - 1))
    return Case(tuple(use.strip() for use in transforms), name, mapping(settings), MODELS[-count:], float(given["target"]))


def read_cases(path: pathlib.Path) -> tuple[Case, ...]:
    return tuple(parse_case(line) for line in path.read_text().splitlines() if line and not line.startswith("#"))


CASES = read_cases(LINES)


@dataclasses.dataclass(frozen=True)
class Run:
    seconds: float
    peak_mib: float
    status: int  # as a shell has it; 124 when the time ran out
    output: str  # standard output and error


def run(command: list[str], log: pathlib.Path, limit: float | None = None) -> Run:
    """Runs a command to its end (or `limit` seconds). The peak is the largest resident set, mapped files included."""
    with log.open("w") as out:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        expired = threading.Event()

        def stop() -> None:
            expired.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, stop) if limit else None
        if timer:
            timer.start()
        _, wait_status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        if timer:
            timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(wait_status)
    status = 124 if expired.is_set() else process.returncode
    return Run(seconds, usage.ru_maxrss / 1024, status, log.read_text(errors="replace"))


def machine() -> str:
    model, flags = platform.machine(), set()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
        elif line.startswith(("flags", "Features")):
            flags = set(line.split(":", 1)[1].split())
    known = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve") if f in flags]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {' '.join(known) or 'no known vector extension'}"


def make_models(build: pathlib.Path, data: pathlib.Path, layers: int) -> pathlib.Path:
    """The models, made once. Exits with a message when the disk has no room."""
    models = data / f"models-{layers}"
    done = models / "done"
    if done.exists():
        return models
    size = BYTES_OF_ONE_MODEL * (0.12 + 0.88 * layers / FULL_LAYERS)
    data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(data).free
    needed = size * (len(MODELS) + 2)
    if free < needed:
        sys.exit(f"bench: {data} has {free / 1e9:.1f} GB free; the models and outputs need {needed / 1e9:.1f} GB")
    print(f"Making {len(MODELS)} models of {size / 1e9:.1f} GB in {models}", flush=True)
    subprocess.run([build / "bench" / "make_models", models, "--layers", str(layers)], check=True)
    done.touch()
    return models


def weight_files(models: pathlib.Path) -> list[pathlib.Path]:
    return [models / name / "model.safetensors" for name in MODELS]


def warm_page_cache(files: list[pathlib.Path]) -> None:
    total = sum(file.stat().st_size for file in files)
    available = next(
        int(line.split()[1]) * 1024
        for line in pathlib.Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemAvailable")
    )
    # The output needs room too, and a process of the size of the inputs would push them out.
    if available < 1.4 * total:
        print(f"bench: {available / 1e9:.0f} GB of memory is available for {total / 1e9:.0f} GB of inputs: not warm")
    buffer = bytearray(8 << 20)
    for file in files:
        with file.open("rb", buffering=0) as stream:
            while stream.readinto(buffer):
                pass


def write_recipes(cases: list[Case], models: pathlib.Path, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for case in cases:
        paths[case.name] = folder / f"{case.name}.yml"
        paths[case.name].write_text(case.recipe(models.resolve()))
    return paths


def remove(path: pathlib.Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def measure(command: list[str], out: pathlib.Path, scratch: pathlib.Path, limit: float | None = None) -> Run:
    """One run into a fresh `out`, with nothing left to write from before. Exits when it fails."""
    remove(out)
    os.sync()
    result = run([str(part) for part in command], scratch / "log.txt", limit)
    remove(out)
    if result.status not in (0, 124):
        sys.exit(f"bench: exit {result.status} of {' '.join(map(str, command))}\n{result.output[-3000:]}")
    return result


def median_seconds(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def peak_mib(runs: list[Run]) -> float:
    return max(run.peak_mib for run in runs)


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = []
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
